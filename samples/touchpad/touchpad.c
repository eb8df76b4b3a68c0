// SPDX-License-Identifier: GPL-2.0
/*
 * Two input devices without hardware: a touch pad with four slots, and a knob that is asked for its position.
 * The parameter "touch" takes the fingers' positions ("X,Y X,Y ..."; nothing when all are lifted): which finger is
 * which from one report to the next is found out by the kernel.
 */
#include <linux/input.h>
#include <linux/input/mt.h>
#include <linux/module.h>

#define FINGERS 4
#define POLL_INTERVAL 100

static struct input_dev *pad, *knob;

static int touch_set(const char *text, const struct kernel_param *kp)
{
	struct input_mt_pos positions[FINGERS];
	int slots[FINGERS];
	int count = 0, x, y, used, n;

	while (count < FINGERS && sscanf(text, "%d,%d%n", &x, &y, &used) == 2) {
		positions[count].x = x;
		positions[count].y = y;
		count++;
		text += used;
	}
	n = input_mt_assign_slots(pad, slots, positions, count, 0);
	if (n)
		return n;
	for (n = 0; n < count; n++) {
		input_mt_slot(pad, slots[n]);
		input_mt_report_slot_state(pad, MT_TOOL_FINGER, true);
		input_report_abs(pad, ABS_MT_POSITION_X, positions[n].x);
		input_report_abs(pad, ABS_MT_POSITION_Y, positions[n].y);
	}
	input_mt_sync_frame(pad);
	input_sync(pad);
	return 0;
}
static const struct kernel_param_ops touch_ops = { .set = touch_set };
module_param_cb(touch, &touch_ops, NULL, 0200);

/* Called in a fixed interval while somebody has the device open. */
static void knob_poll(struct input_dev *dev)
{
	input_report_rel(dev, REL_DIAL, 1);
	input_sync(dev);
}

static int __init touchpad_init(void)
{
	int error = -ENOMEM;

	pad = input_allocate_device();
	knob = input_allocate_device();
	if (!pad || !knob)
		goto free;
	pad->name = "Sample touch pad";
	pad->phys = "sample/input0";
	input_set_abs_params(pad, ABS_MT_POSITION_X, 0, 1000, 0, 0);
	input_set_abs_params(pad, ABS_MT_POSITION_Y, 0, 500, 0, 0);
	error = input_mt_init_slots(pad, FINGERS, INPUT_MT_POINTER | INPUT_MT_TRACK | INPUT_MT_DROP_UNUSED);
	if (error)
		goto free;

	knob->name = "Sample knob";
	input_set_capability(knob, EV_REL, REL_DIAL);
	error = input_setup_polling(knob, knob_poll);
	if (error)
		goto free;
	input_set_poll_interval(knob, POLL_INTERVAL);
	input_set_min_poll_interval(knob, 10);
	input_set_max_poll_interval(knob, 1000);

	error = input_register_device(pad);
	if (error)
		goto free;
	error = input_register_device(knob);
	if (error) {
		input_unregister_device(pad);
		pad = NULL;
		goto free;
	}
	return 0;
free:
	input_free_device(knob);
	input_free_device(pad);
	return error;
}

static void __exit touchpad_exit(void)
{
	input_unregister_device(knob);
	input_unregister_device(pad);
}

module_init(touchpad_init);
module_exit(touchpad_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A touch pad and a polled knob");
