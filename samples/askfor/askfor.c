// SPDX-License-Identifier: GPL-2.0
// The kernel starts programs of its own accord: request_module() runs /sbin/modprobe (which obeys modprobe.d and modules.dep),
// and call_usermodehelper() runs any program, as root, with nothing open. Both return what wait(2) would say of its end.
#include <linux/kmod.h>
#include <linux/module.h>
#include <linux/umh.h>

static char *module = "hello";
module_param(module, charp, 0444);
MODULE_PARM_DESC(module, "Module to ask for");

static int run(char *script, int wait)
{
	char *argv[] = { "/bin/sh", "-c", script, NULL };
	char *envp[] = { "PATH=/sbin:/bin", "GREETING=from the kernel", NULL };

	return call_usermodehelper(argv[0], argv, envp, wait);
}

static int __init askfor_init(void)
{
	char *argv[] = { "/bin/nosuch", NULL };
	char *envp[] = { NULL };

	pr_info("askfor: request_module(%s): %d\n", module, request_module("%s", module));
	pr_info("askfor: once more: %d\n", request_module("%s", module));
	pr_info("askfor: script: %d\n", run("echo $GREETING > /tmp/asked", UMH_WAIT_PROC));
	pr_info("askfor: exit 3: %d\n", run("exit 3", UMH_WAIT_PROC));
	pr_info("askfor: started: %d\n", run("exit 3", UMH_WAIT_EXEC));
	pr_info("askfor: no program: %d\n", call_usermodehelper(argv[0], argv, envp, UMH_WAIT_EXEC));
	return 0;
}

static void __exit askfor_exit(void)
{
}

module_init(askfor_init);
module_exit(askfor_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Asks for a module and runs programs");
