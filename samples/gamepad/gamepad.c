// SPDX-License-Identifier: GPL-2.0
/*
 * Two input devices without hardware: a game pad with two axes, two buttons and rumble, and a row of buttons that repeat.
 * What is written to the parameter "emit" (DEVICE TYPE CODE VALUE, numbers as in <linux/input-event-codes.h>) becomes an
 * event; evdev shows it to programs.
 */
#include <linux/input.h>
#include <linux/module.h>

static struct input_dev *pad, *buttons;

static int sample_open(struct input_dev *dev)
{
	pr_info("gamepad: %s opened\n", dev->name);
	return 0;
}

static void sample_close(struct input_dev *dev)
{
	pr_info("gamepad: %s closed\n", dev->name);
}

/* What flows from programs to the device: LEDs, sounds, repeat rates. */
static int sample_event(struct input_dev *dev, unsigned int type, unsigned int code, int value)
{
	pr_info("gamepad: %s is told %u %u %d\n", dev->name, type, code, value);
	return 0;
}

static int sample_upload(struct input_dev *dev, struct ff_effect *effect, struct ff_effect *old)
{
	pr_info("gamepad: effect %d, strong %u, weak %u\n", effect->id, effect->u.rumble.strong_magnitude,
		effect->u.rumble.weak_magnitude);
	return 0;
}

static int sample_playback(struct input_dev *dev, int effect_id, int value)
{
	pr_info("gamepad: play effect %d %d times\n", effect_id, value);
	return 0;
}

static int emit_set(const char *text, const struct kernel_param *kp)
{
	unsigned int device, type, code;
	int value;

	if (sscanf(text, "%u %u %u %d", &device, &type, &code, &value) != 4 || device > 1)
		return -EINVAL;
	input_event(device ? buttons : pad, type, code, value);
	return 0;
}
static const struct kernel_param_ops emit_ops = { .set = emit_set };
module_param_cb(emit, &emit_ops, NULL, 0200);

static struct input_dev *sample_device(const char *name, const char *phys)
{
	struct input_dev *dev = input_allocate_device();

	if (!dev)
		return NULL;
	dev->name = name;
	dev->phys = phys;
	dev->id.bustype = BUS_VIRTUAL;
	dev->id.vendor = 0x1209;
	dev->id.product = 0xb0c5;
	dev->id.version = 1;
	dev->open = sample_open;
	dev->close = sample_close;
	dev->event = sample_event;
	return dev;
}

static int __init gamepad_init(void)
{
	int error;

	pad = sample_device("Sample game pad", "sample/input0");
	buttons = sample_device("Sample buttons", "sample/input1");
	if (!pad || !buttons) {
		error = -ENOMEM;
		goto free;
	}
	pad->uniq = "0001";
	input_set_capability(pad, EV_KEY, BTN_SOUTH);
	input_set_capability(pad, EV_KEY, BTN_EAST);
	input_set_abs_params(pad, ABS_X, -128, 127, 4, 8);
	input_set_abs_params(pad, ABS_Y, -128, 127, 0, 8);
	input_set_capability(pad, EV_FF, FF_RUMBLE);
	error = input_ff_create(pad, 4);
	if (error)
		goto free;
	pad->ff->upload = sample_upload;
	pad->ff->playback = sample_playback;

	__set_bit(EV_REP, buttons->evbit);
	input_set_capability(buttons, EV_KEY, KEY_VOLUMEUP);
	input_set_capability(buttons, EV_KEY, KEY_VOLUMEDOWN);
	input_set_capability(buttons, EV_MSC, MSC_SCAN);
	input_set_capability(buttons, EV_SW, SW_LID);

	error = input_register_device(pad);
	if (error)
		goto free;
	error = input_register_device(buttons);
	if (error) {
		input_unregister_device(pad);
		pad = NULL;
		goto free;
	}
	return 0;
free:
	input_free_device(buttons);
	input_free_device(pad);
	return error;
}

static void __exit gamepad_exit(void)
{
	input_unregister_device(buttons);
	input_unregister_device(pad);
}

module_init(gamepad_init);
module_exit(gamepad_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Input devices whose events come from a module parameter");
