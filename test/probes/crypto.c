// SPDX-License-Identifier: GPL-2.0
/* Algorithms and a template of a module's own: registered, found, used. */
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <crypto/hash.h>
#include <crypto/internal/cipher.h>
#include <crypto/internal/hash.h>
#include <crypto/internal/skcipher.h>
#include <crypto/skcipher.h>

static int sum_init(struct shash_desc *desc) { *(u32 *)shash_desc_ctx(desc) = 0; return 0; }
static int sum_update(struct shash_desc *desc, const u8 *data, unsigned int len) { u32 *sum = shash_desc_ctx(desc); while (len--) *sum = *sum * 31 + *data++; return 0; }
static int sum_final(struct shash_desc *desc, u8 *out) { *(u32 *)out = *(u32 *)shash_desc_ctx(desc); return 0; }
static struct shash_alg sum = { .digestsize = 4, .descsize = 4, .init = sum_init, .update = sum_update, .final = sum_final,
	.base = { .cra_name = "kbx-sum", .cra_driver_name = "kbx-sum-plain", .cra_blocksize = 1, .cra_module = THIS_MODULE, .cra_priority = 50 } };
static struct shash_alg better = { .digestsize = 4, .descsize = 4, .init = sum_init, .update = sum_update, .final = sum_final,
	.base = { .cra_name = "kbx-sum", .cra_driver_name = "kbx-sum-better", .cra_blocksize = 1, .cra_module = THIS_MODULE, .cra_priority = 70 } };

static struct shash_alg nameless = { .digestsize = 4, .descsize = 4, .init = sum_init, .update = sum_update, .final = sum_final,
	.base = { .cra_name = "kbx-nameless", .cra_blocksize = 1, .cra_module = THIS_MODULE } };

static int xor_setkey(struct crypto_tfm *tfm, const u8 *key, unsigned int len) { *(u8 *)crypto_tfm_ctx(tfm) = key[0]; return key[0] ? 0 : -EINVAL; }
static void xor_crypt(struct crypto_tfm *tfm, u8 *dst, const u8 *src) { int i; for (i = 0; i < 4; i++) dst[i] = src[i] ^ *(u8 *)crypto_tfm_ctx(tfm); }
static struct crypto_alg xor = { .cra_name = "kbx-xor", .cra_driver_name = "kbx-xor-plain", .cra_flags = CRYPTO_ALG_TYPE_CIPHER, .cra_blocksize = 4, .cra_ctxsize = 1, .cra_module = THIS_MODULE,
	.cra_u = { .cipher = { .cia_min_keysize = 1, .cia_max_keysize = 2, .cia_setkey = xor_setkey, .cia_encrypt = xor_crypt, .cia_decrypt = xor_crypt } } };

static int mode_crypt(struct skcipher_request *req)
{
	struct crypto_cipher *cipher = skcipher_cipher_simple(crypto_skcipher_reqtfm(req));
	struct skcipher_walk walk;
	unsigned int i, left;
	int err = skcipher_walk_virt(&walk, req, false);
	while (walk.nbytes) {
		left = walk.nbytes % 4;
		for (i = 0; i + 4 <= walk.nbytes; i += 4)
			crypto_cipher_encrypt_one(cipher, walk.dst.virt.addr + i, walk.src.virt.addr + i);
		err = skcipher_walk_done(&walk, left);
	}
	return err;
}
static int mode_create(struct crypto_template *tmpl, struct rtattr **tb)
{
	struct skcipher_instance *inst = skcipher_alloc_instance_simple(tmpl, tb);
	int err;
	if (IS_ERR(inst))
		return PTR_ERR(inst);
	inst->alg.ivsize = 0;
	inst->alg.encrypt = mode_crypt;
	inst->alg.decrypt = mode_crypt;
	err = skcipher_register_instance(tmpl, inst);
	if (err)
		inst->free(inst);
	return err;
}
static struct crypto_template mode = { .name = "kbx-mode", .create = mode_create, .module = THIS_MODULE };

static void hashes(void)
{
	struct crypto_shash *tfm = crypto_alloc_shash("kbx-sum", 0, 0);
	u32 out = 0;
	char *state = kmalloc(16, GFP_KERNEL);
	SHASH_DESC_ON_STACK(desc, tfm);
	if (IS_ERR(tfm)) { pr_info("no hash: %ld\n", PTR_ERR(tfm)); return; }
	pr_info("%s %s digest %u block %u state %u refs %d\n", crypto_tfm_alg_name(crypto_shash_tfm(tfm)), crypto_shash_driver_name(tfm), crypto_shash_digestsize(tfm), crypto_shash_blocksize(tfm), crypto_shash_statesize(tfm), refcount_read(&better.base.cra_refcnt));
	pr_info("tfm_digest %d", crypto_shash_tfm_digest(tfm, "hello", 5, (u8 *)&out)); pr_cont(" %u\n", out);
	desc->tfm = tfm;
	pr_info("init %d", crypto_shash_init(desc));
	pr_cont(" update %d", crypto_shash_update(desc, "hel", 3));
	pr_cont(" export %d", crypto_shash_export(desc, state));
	pr_cont(" finup %d", crypto_shash_finup(desc, "lo", 2, (u8 *)&out)); pr_cont(" %u\n", out);
	pr_info("import %d", crypto_shash_import(desc, state)); pr_cont(" final %d", crypto_shash_final(desc, (u8 *)&out)); pr_cont(" %u\n", out);
	pr_info("setkey %d\n", crypto_shash_setkey(tfm, "k", 1));
	kfree(state);
	crypto_free_shash(tfm);
	pr_info("refs %d\n", refcount_read(&better.base.cra_refcnt));
}
static void ciphers(void)
{
	struct crypto_cipher *one = crypto_alloc_cipher("kbx-xor", 0, 0);
	struct crypto_skcipher *tfm;
	struct skcipher_request *req;
	struct scatterlist sg[2];
	char *a = kmemdup("abcdef", 6, GFP_KERNEL), *b = kmemdup("ghijkl", 6, GFP_KERNEL);
	u8 out[4];
	int i;
	if (IS_ERR(one)) { pr_info("no cipher: %ld\n", PTR_ERR(one)); return; }
	pr_info("setkey %d\n", crypto_cipher_setkey(one, "", 0));
	pr_info("setkey %d\n", crypto_cipher_setkey(one, "\0", 1));
	pr_info("setkey %d\n", crypto_cipher_setkey(one, "\1", 1));
	crypto_cipher_encrypt_one(one, out, "abcd");
	pr_info("one: %.4s\n", out);
	crypto_free_cipher(one);
	tfm = crypto_alloc_skcipher("kbx-mode(kbx-xor)", 0, 0);
	if (IS_ERR(tfm)) { pr_info("no mode: %ld\n", PTR_ERR(tfm)); return; }
	pr_info("%s block %u iv %u keys %u..%u\n", crypto_tfm_alg_driver_name(crypto_skcipher_tfm(tfm)), crypto_skcipher_blocksize(tfm), crypto_skcipher_ivsize(tfm), crypto_skcipher_min_keysize(tfm), crypto_skcipher_max_keysize(tfm));
	req = skcipher_request_alloc(tfm, GFP_KERNEL);
	sg_init_table(sg, 2);
	sg_set_buf(&sg[0], a, 6);
	sg_set_buf(&sg[1], b, 6);
	skcipher_request_set_callback(req, 0, NULL, NULL);
	skcipher_request_set_crypt(req, sg, sg, 12, NULL);
	pr_info("without key %d\n", crypto_skcipher_encrypt(req));
	pr_info("setkey %d\n", crypto_skcipher_setkey(tfm, "\1\2\3", 3));
	pr_info("setkey %d\n", crypto_skcipher_setkey(tfm, "\1", 1));
	for (i = 12; i >= 9; i -= 3) {
		skcipher_request_set_crypt(req, sg, sg, i, NULL);
		pr_info("encrypt %d: %d", i, crypto_skcipher_encrypt(req));
		pr_cont(" %.6s%.6s\n", a, b);
	}
	skcipher_request_free(req);
	crypto_free_skcipher(tfm);
	kfree(a);
	kfree(b);
}
static int __init crypto_probe_init(void)
{
	pr_info("register %d\n", crypto_register_shash(&sum));
	pr_info("again %d\n", crypto_register_shash(&sum));
	pr_info("cipher %d\n", crypto_register_alg(&xor));
	pr_info("better %d\n", crypto_register_shash(&better));
	pr_info("template %d\n", crypto_register_template(&mode));
	pr_info("again %d\n", crypto_register_template(&mode));
	pr_info("nameless %d\n", crypto_register_shash(&nameless));
	pr_info("has %d\n", crypto_has_alg("kbx-sum", 0, 0));
	pr_info("has %d\n", crypto_has_alg("kbx-sum-plain", 0, 0));
	pr_info("has %d\n", crypto_has_alg("kbx-none", 0, 0));
	hashes();
	ciphers();
	crypto_unregister_template(&mode);
	crypto_unregister_alg(&xor);
	crypto_unregister_shash(&better);
	crypto_unregister_shash(&sum);
	pr_info("has %d\n", crypto_has_alg("kbx-sum", 0, 0));
	return -ENODEV;
}
module_init(crypto_probe_init);
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(CRYPTO_INTERNAL);
