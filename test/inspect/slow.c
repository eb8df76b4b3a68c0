// A module whose init takes its time: what the loader has made of it can be seen while it runs.
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/percpu.h>

static int delay = 1000;
module_param(delay, int, 0444);
MODULE_PARM_DESC(delay, "milliseconds that init takes");
static short list[3];
static int given;
module_param_array(list, short, &given, 0644);
static char word[8] = "word";
module_param_string(word, word, sizeof(word), 0);
static bool risky;
module_param_unsafe(risky, bool, 0600);
MODULE_PARM_DESC(risky, "taints the kernel");

static DEFINE_PER_CPU(long, counter);

int slow_count(void)
{
	return this_cpu_inc_return(counter);
}
EXPORT_SYMBOL_NS_GPL(slow_count, SLOW);
int slow_plain;
EXPORT_SYMBOL(slow_plain);

static int __init slow_init(void)
{
	WARN_ON_ONCE(slow_count() < 0);
	msleep(delay);
	return 0;
}
static void __exit slow_exit(void)
{
}
module_init(slow_init);
module_exit(slow_exit);
MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("Takes its time");
MODULE_ALIAS("slow-coach");
