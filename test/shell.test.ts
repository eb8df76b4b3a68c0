// The shell's language and plain tools, against the real bash and coreutils of the machine that runs the tests.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadKernel } from '#host-node';
import { bootOn, type Machine } from '#machine';
import { Shell } from '#shell';
import { testHost } from './kernel.ts';

const machine = (): Promise<Machine> => bootOn({ description: loadKernel(), host: testHost });

const scripts: readonly string[] = [
  'echo a b  c; echo "a  b" \'c\' d\\ e',
  'x=5; echo $x ${x}y "${x:-no}" ${y:-no} ${y:=set} $y; echo $((x * 2 + 1)) $?',
  'false; echo $?; true && echo yes || echo no; ! true; echo $?',
  'for i in 1 2 3; do echo $i; done; for f in a{b,c}d; do echo $f; done',
  'i=0; while [ $i -lt 3 ]; do i=$((i+1)); [ $i = 2 ] && continue; echo $i; done; until false; do break; done; echo end $?',
  'for ((i=0;i<3;i++)); do echo $i; done; ((i == 3)) && echo three; let i=i+4; echo $i',
  'case abc in a) echo 1;; a*) echo 2;; *) echo 3;; esac; case x in y) ;; esac; echo $?',
  'f() { local x=1; echo "$# $1 $@"; return 3; }; x=0; f a "b c"; echo $? $x',
  'echo one two | while read a b; do echo "$b $a"; done; echo x | (read y; echo $y); read z <<< "here string"; echo $z',
  'cat <<E\nvalue $((1+1)) `echo sub` $(echo sub2)\n"quoted" \\$x\nE\ncat <<\'E\'\n$raw `x`\nE',
  'echo $(echo a; echo b) "$(printf \'x\\n\\n\')" $(false) $?',
  'a=(1 2 "3 4"); echo ${a[1]} ${#a[@]} "${a[@]}" ${a[-1]}; a+=(5); a[0]=z; echo "${a[*]}"',
  's=hello.ko; echo ${s%.ko} ${s#he} ${#s} ${s/l/L} ${s//l/L} ${s:1:3} ${s^^}',
  'echo a > f; echo b >> f; cat f; cat < f | wc -l; echo err >&2; ls nosuch 2>/dev/null; echo $?',
  'exec 3> f; echo three >&3; exec 3>&-; cat f; exec 4< f; read -u 4 x; echo got $x; exec 4<&-',
  '{ echo out; echo err >&2; } > f 2>&1; cat f; (echo sub; exit 3); echo $?; { echo x; } | cat',
  'echo a | cat - f 2>/dev/null; echo a | tee g | tr a b; cat g',
  'seq 5 | head -n 2; seq 5 | tail -n 2; seq 5 | tail -n +4; seq 5 | head -n -3; seq 20 | head -c 5; seq 3 | tail -c 2',
  'set -- a b "c d"; echo $# $1 "$3"; shift; echo "$@"; echo "$*"; set --; echo $#',
  'set -e; false || echo survived; if false; then :; fi; echo still; false; echo never',
  '(set -u; echo $nosuch; echo never) 2>/dev/null; echo $?',
  'trap "echo bye" EXIT; echo hi; exit 4',
  '[ -e /nosuch ]; echo $?; [ -d / -a -c /dev/null ]; echo $?; [ 3 -gt 2 ] && echo gt; test a != b && echo ne; [ "" ]; echo $?',
  '[[ abc == a* && -d / ]] && echo match; [[ abc =~ b(.) ]] && echo ${BASH_REMATCH[1]}; [[ -c /dev/null ]] && echo char; [[ -f /dev/null ]]; echo $?',
  'sleep 0.01 & wait $!; echo $?; (exit 7) & wait $!; echo $?; false & wait; echo $?',
  'cat /nosuch; echo $?; cat < /nosuch; echo $?; nosuchcommand; echo $?; /nosuch/x; echo $?; cd /nosuch; echo $?',
  'printf "%s-%d-%x\\n" a 10 255; printf "%5s|%-5s|\\n" a b; echo -n no; echo -e "t\\tx\\x41\\0101"; printf -v v %03d 7; echo $v',
  'echo "a b" | { read x; echo $x; cat; }; printf "1\\n2\\n3\\n" | { read x; echo $x; cat; }; printf "1\\n2\\n" > f; { read x; cat; } < f',
  'pwd; cd /; pwd; cd - > /dev/null; mkdir -p d/e; cd d/e; cd ..; basename $PWD; ls; rmdir e; ls',
  "x=1; (x=2; echo $x); echo $x; x=3 env | grep ^x=; export y=4; sh -c 'echo $y'; y=5 sh -c 'echo $y'; unset y; echo [$y]",
  'echo {1..5}; echo *.nomatch; touch a.ko b.ko; echo *.ko; echo "*.ko" \'*\'; for f in *.ko; do echo $f; done',
  'yes | head -n 2; echo ${PIPESTATUS[1]}; false | true; echo $?; set -o pipefail; false | true; echo $?',
  'dd if=/dev/zero of=f bs=4 count=3 2>&1 | grep -v copied; wc -c < f; printf abcdefgh > f; dd if=f bs=2 skip=1 count=2 status=none; echo',
  'printf abcdefgh > f; printf XY | dd of=f bs=1 seek=3 conv=notrunc status=none; cat f; echo; dd if=f ibs=3 obs=2 2>&1 | grep -v copied; dd if=/nosuch',
  'dd if=/dev/zero bs=1k count=2 conv=bogus 2>/dev/null; dd bs=x; echo $?; dd foo=1; echo $?; printf abc | dd bs=10 conv=ucase status=noxfer',
  'head -c 3 /dev/zero | od -An -tx1; head -c 2000 /dev/urandom | wc -c; echo full > /dev/full; echo $?; cat /dev/null; echo x > /dev/null',
  'timeout 0.05 sleep 5; echo $?; timeout 5 true; echo $?; timeout; timeout x true; echo $?',
  "sh -c \"exit 3\"; echo $?; sh -c 'kill -9 $$'; echo $?; bash -c 'echo $0 $1' name arg; echo 'echo script $1; exit 2' > s.sh; sh s.sh arg; echo $?; ./s.sh; echo $?; chmod +x s.sh; ./s.sh z; echo $?",
  'mknod p p; (echo through > p &) ; cat p; mknod c c 240 7; stat -c "%F %t %T %A" c; mknod; mknod c c 1 1; mknod q c; mknod q z 1 1; echo $?',
  'mkdir d; chmod 700 d; stat -c "%n %F %a" d; ln -s f l; stat -c %N l; readlink l; ls -l /nosuch; ls nosuch1 nosuch2; echo $?',
  'echo a b c | xargs -n 1 echo got; printf "x\\ny\\n" | xargs; find . -name "*.zz"; echo abc | sed s/b/B/; echo "1 2" | awk \'{print $2}\'; printf "b\\na\\n" | sort',
  'alias ll=ls; unalias ll; type cd; type -t cd 2>/dev/null >/dev/null; command -v echo; f() { :; }; command -v f; hash',
  'printf "hello world 12345678 abc\\n" > f; od f; od -c f; od -A x -t x1z f; od -tx1 -N 5 f; od -td4 f; od -x f; od -An -tu1 f; od -An -N2 -tx2 /dev/zero; od -tq f',
  'head -c 100 /dev/zero > f; printf abc >> f; hexdump f; hexdump -C f; hexdump -C -n 5 f; xxd f; xxd -p f; xxd -l 5 f; hexdump -s 98 -C f; od f; od -v -tx1 f | tail -n 2',
  'rm; rm /nosuch; rm -f /nosuch; mkdir d; rm d; rm -r d; ls d; mkdir d; mkdir d; mkdir -p d/e/f; rmdir d; rmdir d/e/f; rm -rv d; echo $?; mkdir /nosuch/d; mkdir',
  'echo x > a; cp a b; cat b; cp a; cp; cp /nosuch b; mkdir d; cp d e; cp -r d e; cp a b d; ls d; mv b c; cat c; mv c d; mv /nosuch d; mv a; mv d dd; ls dd; cp a b nofolder; mv a a2 nofolder; cp -v a z; mv -v z y',
  'touch f; chmod 600 f; stat -c %a f; chmod u+x,go+r f; stat -c %A f; chmod a=r f; stat -c %a f; chmod -r f; stat -c %a f; chmod zz f; chmod; chmod 644; chmod 644 /nosuch; touch /nosuch/x; touch; touch -c none; ls none',
  'echo x > a; ln a b; stat -c %h a; ln -s a s; ls -l s | cut -d" " -f9-; ln -s a s; ln /nosuch z; ln a b; mkdir d; ln -s ../a d; readlink d/a; rmdir d; ln',
  'mkfifo p; mkfifo p; : > e; printf x > one; printf "abc" > t; printf "a\\r\\nb\\r\\n" > crlf; printf "\\001\\002" > data; printf "#!/bin/sh\\necho\\n" > s.sh; printf "#include <x>\\nint x;\\n" > h.c; printf "h\\303\\251\\n" > u; printf "{\\"a\\": 1}\\n" > j; ln -s t l; ln -s nowhere dl; file p e one t crlf data s.sh h.c u j l dl . /nosuch /dev/null; file -b t; printf abc | file -; printf "all:\\n\\tmake x\\n" > Makefile; file Makefile',
  'printf "alpha\\nbeta\\ngamma\\ndelta\\n" > f; grep a f; grep -c a f; grep -n et f; grep -v a f; echo $?; grep -i ALPHA f; grep -w alph f; echo $?; grep -x beta f; grep -o "[ab]" f | head -n 3; grep -q beta f && echo quiet; grep -l a f /dev/null; grep -L zz f; grep -H beta f; grep -h a f f | wc -l; grep -m 1 a f; grep -e alpha -e beta f; grep -F . f; echo $?',
  'printf "a1\\nb22\\nc333\\nx.y\\na+b\\n" > f; grep -E "[0-9]{2,}" f; grep "[0-9]\\{3\\}" f; grep "a+b" f; grep -E "a\\+b|x" f; grep "x\\.y" f; grep "^[[:alpha:]][[:digit:]]*$" f; grep "b\\|c" f; grep -P "\\d\\d" f; grep -A1 b22 f; grep -B1 -n c333 f; grep -C1 -E "^(a1|a.b)" f; grep "[" f; echo $?; grep; grep x /nosuch; echo $?; grep -s x /nosuch; echo $?; grep x .; echo $?',
  'mkdir -p d/e; echo one > d/a; echo two > d/e/b; echo one > d/e/c.txt; grep -r one d | sort; grep -rl one d | sort; cd d; grep -r two; grep -r one --include="*.txt" .; cat a | grep -H one; cat a | grep -c one -; printf "a\\000b\\n" > bin; grep b bin; grep -a b bin | od -An -c; echo x | egrep "x|y"; echo a.b | fgrep .',
  'set -- -a -b arg -z rest; while getopts "ab:" o; do echo "$o=$OPTARG"; done; shift $((OPTIND - 1)); echo "$@"',
  'f() { local -r x=1; declare y=2; echo $x $y; }; f; readonly z=3; z=4; echo $z; declare -p z; export A=1 B; export -p | grep " A="; typeset q=1; echo $q',
  'exec 3>&1; echo to3 >&3; exec 3>&-; { echo a; echo b >&2; } 2>/dev/null; exec 4>f; for i in 1 2; do echo $i; done >&4; exec 4>&-; cat f; echo x 2>&1 >/dev/null | cat; (exec 1>f2; echo in); cat f2',
  'for f in a b; do case $f in a) continue;; esac; echo $f; done; for i in 1 2 3; do for j in 1 2; do [ $i = 2 ] && break 2; echo $i$j; done; done; while read -r l; do echo "[$l]"; done < <(printf "p\\nq\\n")',
  'echo ${x:-a b} "${x:-a b}" ${x-y}; x="a b"; for w in $x; do echo $w; done; for w in "$x"; do echo $w; done; IFS=:; y=p:q; for w in $y; do echo $w; done; echo "$y"; unset IFS; set -f; echo *; set +f',
  'for i in 1; do',
  'ls <',
  'echo "abc',
  'echo $(ls',
  'if true; then',
  'case x in',
  '{ echo',
  'echo a; done',
  'echo first\nfor\necho never',
  'echo first; false\nif true; then fi',
  'while :; do echo once; break; done; for x; do echo $x; done; if [ 1 = 2 ]; then echo a; elif true; then echo b; else echo c; fi',
  'echo $(( 0x10 + 010 )) $((5/2)) $((7%3)) $((2**5)) $((1<2)) $((3>2?4:5)); x=3; echo $((x++)) $x $((++x))',
  'echo "$(cat <(echo from process))"; diff <(echo a) <(echo a) && echo same; echo x > >(cat); sleep 0.05',
  'uname -s -m; uname -z; echo $?; id -u; whoami; id -un; uname extra; sleep; sleep abc; echo $?',
  'umask; eval "echo ev; false"; echo $?; . /nosuch; echo $?; return 2>/dev/null; exit abc',
  'kill -l 9; kill -l TERM; kill 99999; echo $?; kill -BOGUS 1; kill; kill abc; wait 99999; echo $?; sleep 5 & kill $!; wait $!; echo $?',
  'cat -n <<< "a"; printf "a\\tb\\n" | cat -A; printf "\\001\\377" | cat -v; echo; printf "a\\n\\n\\n\\nb\\n" | cat -sn; cat -q; echo $?; printf "a\\n\\nb" | cat -b',
  'head -n x f; tail -c y f; head nosuch; tail nosuch; echo $?; seq 3 > f; head -n1 f f; tail -qn1 f f; head -v -n 1 f; head -1 f; tail -1 f',
];

function real(script: string): { stdout: string; stderr: string; status: number } {
  const cwd = mkdtempSync(join(tmpdir(), 'kobox-shell-'));
  const env = { PATH: process.env['PATH'], HOME: '/root', LC_ALL: 'C' };
  const { stdout, stderr, status } = spawnSync('bash', ['--norc', '-c', script], { cwd, env, encoding: 'utf8' });
  rmSync(cwd, { recursive: true });
  return { stdout: stdout.replaceAll(cwd, '/root'), stderr: stderr.replaceAll(cwd, '/root'), status: status ?? -1 };
}
/** Pids differ; bash also tells pid and command of a process that a signal has ended. */
const comparable = (text: string): string => text.replace(/^(bash: line \d+: ) *\d+ (Killed|Terminated) .*$/gm, '$2');

test.for(scripts)('%s', async (script) => {
  const shell = new Shell(await machine());
  const { stdout, stderr, exitCode } = await shell.run(script);
  await shell.end();
  const expected = real(script);
  expect({ stdout, stderr: comparable(stderr), status: exitCode }).toEqual({ ...expected, stderr: comparable(expected.stderr) });
});
