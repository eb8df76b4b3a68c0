insmod samples/mailbox/mailbox.ko; echo "insmod $?"
# A message that is there already is read at once; without one a nonblocking reader is sent away.
sys 'open a /dev/mailbox rw nonblock' 'read a 80' 'write a first' 'read a 80' 'read a 80' 'lseek a 0 set' 'close a'
# The reader, a process of its own, sleeps until the writer comes.
sys 'open a /dev/mailbox r' '& read a 80' 'sleep 0.2' 'open b /dev/mailbox w' 'write b wake up\n' wait 'close a' 'close b'
# Two readers are woken; one of them gets the message, the other sleeps on.
sys 'open a /dev/mailbox rw' '& read a 3' '& read a 3' 'sleep 0.2' 'write a one' 'sleep 0.2' 'write a two' 'sleep 0.2' 'close a'
# A signal ends the wait.
sys 'open a /dev/mailbox r' '& read a 80' 'sleep 0.2' signal wait 'close a'
# As long as the device is open the module cannot leave.
sys 'open a /dev/mailbox r' '& read a 80' 'sleep 0.2' 'open b /proc/modules r' 'read b 12' signal wait
rmmod mailbox; echo "rmmod $?"
