// SPDX-License-Identifier: GPL-2.0
/*
 * A keyboard without hardware: letters, Alt, and two LEDs, which also stand in /sys/class/leds. Says what it is told.
 */
#include <linux/input.h>
#include <linux/module.h>

static struct input_dev *keyboard;
static unsigned short keymap[] = { KEY_A, KEY_B, KEY_LEFTALT, KEY_CAPSLOCK };

static int keyboard_event(struct input_dev *dev, unsigned int type, unsigned int code, int value)
{
	pr_info("keys: told %u %u %d\n", type, code, value);
	return 0;
}

static int keyboard_open(struct input_dev *dev)
{
	pr_info("keys: opened\n");
	return 0;
}

static void keyboard_close(struct input_dev *dev)
{
	pr_info("keys: closed\n");
}

static int __init keyboard_init(void)
{
	int error, n;

	keyboard = input_allocate_device();
	if (!keyboard)
		return -ENOMEM;
	keyboard->name = "Sample keyboard";
	keyboard->event = keyboard_event;
	keyboard->open = keyboard_open;
	keyboard->close = keyboard_close;
	keyboard->keycode = keymap;
	keyboard->keycodesize = sizeof(keymap[0]);
	keyboard->keycodemax = ARRAY_SIZE(keymap);
	for (n = 0; n < ARRAY_SIZE(keymap); n++)
		input_set_capability(keyboard, EV_KEY, keymap[n]);
	input_set_capability(keyboard, EV_LED, LED_NUML);
	input_set_capability(keyboard, EV_LED, LED_CAPSL);
	error = input_register_device(keyboard);
	if (error)
		input_free_device(keyboard);
	return error;
}

static void __exit keyboard_exit(void)
{
	input_unregister_device(keyboard);
}

module_init(keyboard_init);
module_exit(keyboard_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A keyboard with LEDs");
