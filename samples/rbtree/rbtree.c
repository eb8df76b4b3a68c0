// SPDX-License-Identifier: GPL-2.0
// The kernel's balanced tree. It knows nothing of keys: the user walks down, links the node in, and lets
// rb_insert_color() balance. container_of (here rb_entry) leads from the node to what holds it.
#include <linux/module.h>
#include <linux/rbtree.h>
#include <linux/slab.h>
#include <linux/string.h>

struct word {
	struct rb_node node;
	int count;
	char text[16];
};
static struct rb_root words = RB_ROOT;

/* Finds the word; adds it when it is new. */
static struct word *find_word(const char *text)
{
	struct rb_node **link = &words.rb_node, *parent = NULL;
	struct word *word;

	while (*link) {
		int order;

		parent = *link;
		word = rb_entry(parent, struct word, node);
		order = strcmp(text, word->text);
		if (order == 0)
			return word;
		link = order < 0 ? &parent->rb_left : &parent->rb_right;
	}
	word = kzalloc(sizeof(*word), GFP_KERNEL);
	if (!word)
		return NULL;
	strscpy(word->text, text, sizeof(word->text));
	rb_link_node(&word->node, parent, link);
	rb_insert_color(&word->node, &words);
	return word;
}

static void print_words(void)
{
	struct rb_node *node;

	for (node = rb_first(&words); node; node = rb_next(node)) {
		struct word *word = rb_entry(node, struct word, node);

		pr_info("rbtree: %-6s %d\n", word->text, word->count);
	}
}

static int __init rbtree_init(void)
{
	static const char * const text[] = { "the", "quick", "brown", "fox", "jumps", "over", "the", "lazy", "dog", "the", "end" };
	struct word *word, *next;
	int n;

	for (n = 0; n < ARRAY_SIZE(text); n++) {
		word = find_word(text[n]);
		if (word)
			word->count++;
	}
	print_words();
	word = find_word("brown");
	rb_erase(&word->node, &words);
	kfree(word);
	pr_info("rbtree: first %s, last %s\n", rb_entry(rb_first(&words), struct word, node)->text,
		rb_entry(rb_last(&words), struct word, node)->text);
	/* Children before parents, so that each can be freed. */
	rbtree_postorder_for_each_entry_safe(word, next, &words, node)
		kfree(word);
	return 0;
}

static void __exit rbtree_exit(void)
{
}

module_init(rbtree_init);
module_exit(rbtree_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Words in a balanced tree");
