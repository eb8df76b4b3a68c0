// How the command is used, and what is said when it is not.
export const USAGE = `kobox: loads Linux kernel modules into a kernel written in TypeScript

  kobox                              a shell (Ctrl-D ends it)
  kobox -c 'insmod hello.ko; dmesg'
  kobox run SCRIPT [ARGUMENT...]
  kobox kernel list | show [RELEASE] | import PATH
  kobox inspect FILE.ko [--sections] [--symbols] [--imports] [--exports] [--relocations | --all-relocations] [--parameters]
        [--aliases] [--signature] [--struct] [--all] [--disassemble FUNCTION] [--modules DIR] [--kernel RELEASE] [--json]
  kobox check FILE.ko... [--kernel RELEASE...] [--modules DIR] [--cmdline TEXT] [--parameters 'a=1 b=2'] [--json]

  --mount HOST:GUEST[:ro]   a folder of this computer inside, live: changes are seen on both sides (may be repeated)
  --kernel RELEASE          which Linux to be (kobox kernel list)
  --cmdline TEXT            the kernel's command line: 'module.sig_enforce=1 lockdown=integrity'
  --help, --version
`;
/** The command was called wrongly: message, hint, status 2. */
export class UsageError extends Error {}
