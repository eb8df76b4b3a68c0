// SPDX-License-Identifier: GPL-2.0
// A kfifo is a ring buffer with a power of two elements: one writer and one reader need no lock.
#include <linux/kfifo.h>
#include <linux/module.h>

static DEFINE_KFIFO(numbers, int, 8);
static struct kfifo bytes;

static int __init kfifo_sample_init(void)
{
	char text[16];
	int n, put = 0, value, error;
	unsigned int got;

	for (n = 1; n <= 10; n++)
		put += kfifo_put(&numbers, n * n);
	pr_info("kfifo: %d of 10 numbers fit, %u are free\n", put, kfifo_avail(&numbers));
	if (kfifo_peek(&numbers, &value))
		pr_info("kfifo: %d comes first\n", value);
	while (kfifo_get(&numbers, &value))
		pr_info("kfifo: %d\n", value);

	error = kfifo_alloc(&bytes, 10, GFP_KERNEL);
	if (error)
		return error;
	pr_info("kfifo: size %u\n", kfifo_size(&bytes));
	kfifo_in(&bytes, "the first ", 10);
	got = kfifo_out(&bytes, text, 4);
	pr_info("kfifo: got %u: %.*s, %u left\n", got, got, text, kfifo_len(&bytes));
	/* This one goes around the end of the buffer. */
	pr_info("kfifo: %u of 12 taken\n", kfifo_in(&bytes, "and the last", 12));
	got = kfifo_out_peek(&bytes, text, sizeof(text));
	pr_info("kfifo: %.*s\n", got, text);
	kfifo_skip(&bytes);
	pr_info("kfifo: full %d, empty %d\n", kfifo_is_full(&bytes), kfifo_is_empty(&bytes));
	kfifo_reset(&bytes);
	pr_info("kfifo: full %d, empty %d\n", kfifo_is_full(&bytes), kfifo_is_empty(&bytes));
	return 0;
}

static void __exit kfifo_sample_exit(void)
{
	kfifo_free(&bytes);
}

module_init(kfifo_sample_init);
module_exit(kfifo_sample_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Ring buffers");
