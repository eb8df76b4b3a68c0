// SPDX-License-Identifier: GPL-2.0
/*
 * A mouse without hardware: two axes, a wheel and three buttons. What is written to the parameter "emit" (TYPE CODE VALUE)
 * becomes an event. The kernel's own mousedev makes PS/2 packets of them in /dev/input/mouseN and /dev/input/mice.
 */
#include <linux/input.h>
#include <linux/module.h>

static struct input_dev *mouse;

static int emit_set(const char *text, const struct kernel_param *kp)
{
	unsigned int type, code;
	int value;

	if (sscanf(text, "%u %u %d", &type, &code, &value) != 3)
		return -EINVAL;
	input_event(mouse, type, code, value);
	return 0;
}
static const struct kernel_param_ops emit_ops = { .set = emit_set };
module_param_cb(emit, &emit_ops, NULL, 0200);

static int mouse_open(struct input_dev *dev)
{
	pr_info("mouse: opened\n");
	return 0;
}

static void mouse_close(struct input_dev *dev)
{
	pr_info("mouse: closed\n");
}

static int __init mouse_init(void)
{
	int error;

	mouse = input_allocate_device();
	if (!mouse)
		return -ENOMEM;
	mouse->name = "Sample mouse";
	mouse->open = mouse_open;
	mouse->close = mouse_close;
	input_set_capability(mouse, EV_REL, REL_X);
	input_set_capability(mouse, EV_REL, REL_Y);
	input_set_capability(mouse, EV_REL, REL_WHEEL);
	input_set_capability(mouse, EV_KEY, BTN_LEFT);
	input_set_capability(mouse, EV_KEY, BTN_RIGHT);
	input_set_capability(mouse, EV_KEY, BTN_MIDDLE);
	error = input_register_device(mouse);
	if (error)
		input_free_device(mouse);
	return error;
}

static void __exit mouse_exit(void)
{
	input_unregister_device(mouse);
}

module_init(mouse_init);
module_exit(mouse_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A mouse whose events come from a module parameter");
