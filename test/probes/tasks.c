// SPDX-License-Identifier: GPL-2.0
/* Who runs: current, credentials, pids, signals, kernel threads, and how they wait. */
#include <linux/completion.h>
#include <linux/cred.h>
#include <linux/delay.h>
#include <linux/jump_label.h>
#include <linux/kmod.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/ratelimit.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/umh.h>
#include <linux/uaccess.h>
#include <linux/utsname.h>
#include <linux/wait.h>
#include <linux/fs.h>
#include <linux/semaphore.h>
#include <linux/rwsem.h>

static DEFINE_STATIC_KEY_FALSE(feature);
static DEFINE_STATIC_KEY_TRUE(normal);
static DECLARE_WAIT_QUEUE_HEAD(queue);
static int condition;
static DECLARE_COMPLETION(done);
static DEFINE_SEMAPHORE(sem);
static DECLARE_RWSEM(rwsem);
static struct task_struct *threads[2];

static noinline void keyed(void) { pr_info("feature %s, normal %s\n", static_branch_unlikely(&feature) ? "on" : "off", static_branch_likely(&normal) ? "on" : "off"); }
static int signalled(void *unused)
{
	allow_signal(SIGUSR1);
	pr_info("thread %s: kthread %d, mm %d, state before %d\n", current->comm, !!(current->flags & PF_KTHREAD), current->mm != NULL, signal_pending(current));
	pr_info("wait: %d\n", wait_event_interruptible(queue, kthread_should_stop()));
	pr_info("pending %d\n", signal_pending(current)); flush_signals(current); pr_info("pending %d\n", signal_pending(current));
	complete(&done);
	while (!kthread_should_stop()) schedule_timeout_interruptible(HZ / 10);
	return 42;
}
static int waker(void *unused) { msleep(20); condition = 1; wake_up(&queue); msleep(20); up(&sem); return 0; }
static int __init tasks_init(void)
{
	struct pid *pid; struct file *f; loff_t pos = 0; char buf[64]; ssize_t n; long left; int i; char *argv[] = { "/no/such/program", NULL }; char *envp[] = { NULL };
	pr_info("uts: %s %s %s\n", utsname()->sysname, utsname()->release, utsname()->machine);
	pr_info("current: %s, uid %u, euid %u, root %d, admin %d, tgid %d, leader %d\n", current->comm, from_kuid(&init_user_ns, current_uid()), __kuid_val(current_euid()), capable(CAP_SYS_ADMIN), capable(CAP_SYS_MODULE), current->tgid == current->pid, thread_group_leader(current));
	pid = find_get_pid(current->pid); pr_info("pid: %d %d %d\n", pid != NULL, pid_task(pid, PIDTYPE_PID) == current, pid_nr(pid) == current->pid); put_pid(pid);
	pr_info("no pid: %d\n", find_vpid(999999) == NULL);
	{ struct cred *c = prepare_creds(); c->euid = KUIDT_INIT(1000); pr_info("prepared: %u\n", __kuid_val(c->euid)); abort_creds(c); }
	keyed(); static_branch_enable(&feature); static_branch_disable(&normal); keyed(); static_branch_disable(&feature); static_branch_enable(&normal); keyed();
	pr_info("count %d\n", static_key_count(&feature.key));
	threads[0] = kthread_run(signalled, NULL, "sig/%d", 7);
	msleep(20);
	pr_info("send: %d\n", send_sig(SIGUSR1, threads[0], 0));
	wait_for_completion(&done);
	pr_info("stop: %d\n", kthread_stop(threads[0]));
	down(&sem);
	threads[1] = kthread_run(waker, NULL, "waker");
	pr_info("wait_event: %d\n", ({ wait_event(queue, condition); condition; }));
	pr_info("down_timeout: %d\n", down_timeout(&sem, HZ)); pr_info("down_trylock: %d\n", down_trylock(&sem)); pr_info("down_timeout: %d\n", down_timeout(&sem, 2));
	up(&sem);
	left = wait_event_timeout(queue, 0, HZ / 50); pr_info("timeout: %ld\n", left);
	left = wait_for_completion_timeout(&done, HZ / 50); pr_info("completion timeout: %ld\n", left);
	complete_all(&done); left = wait_for_completion_timeout(&done, HZ); pr_info("completion done: %d\n", left > 0); reinit_completion(&done); pr_info("try: %d\n", try_wait_for_completion(&done));
	down_read(&rwsem); pr_info("rwsem: read %d write %d\n", down_read_trylock(&rwsem), down_write_trylock(&rwsem)); up_read(&rwsem); up_read(&rwsem); pr_info("write %d\n", down_write_trylock(&rwsem)); downgrade_write(&rwsem); up_read(&rwsem);
	for (i = 0; i < 13; i++) pr_info_ratelimited("limited %d\n", i);
	pr_info("umh: %d\n", call_usermodehelper(argv[0], argv, envp, UMH_WAIT_EXEC));
	f = filp_open("/proc/version", O_RDONLY, 0); pr_info("open: %d\n", !IS_ERR(f));
	if (!IS_ERR(f)) { n = kernel_read(f, buf, 13, &pos); buf[n > 0 ? n : 0] = 0; pr_info("read: %zd '%s' pos %lld\n", n, buf, pos); pr_info("path: %s %pD\n", file_path(f, buf, sizeof(buf)), f); filp_close(f, NULL); }
	pr_info("missing: %ld\n", PTR_ERR(filp_open("/no/such/file", O_RDONLY, 0)));
	f = filp_open("/tmp/probe", O_RDWR | O_CREAT, 0644); pos = 0;
	pr_info("write: %zd", kernel_write(f, "hello", 5, &pos)); pos = 1; n = kernel_read(f, buf, sizeof(buf), &pos); pr_cont(" read %zd %.4s size %lld\n", n, buf, i_size_read(file_inode(f))); filp_close(f, NULL);
	pr_info("request_module: %d\n", request_module("no-such-module") != 0);
	return -ENODEV;
}
module_init(tasks_init);
MODULE_LICENSE("GPL");
