insmod samples/mailbox/mailbox.ko; echo "insmod $?"
# A message that is there already is read at once; without one a nonblocking reader is sent away.
sys 'open a /dev/mailbox rw nonblock' 'read a 80' 'write a first' 'read a 80' 'read a 80' 'lseek a 0 set' 'close a'
# The reader, in the background, sleeps until the writer comes.
dd if=/dev/mailbox bs=80 count=1 > /tmp/letter 2> /dev/null &
sleep 0.5
echo "wake up" > /dev/mailbox
wait
cat /tmp/letter
# Two readers are woken; one of them gets the message, the other sleeps on.
sys 'open a /dev/mailbox rw' '& read a 3' '& read a 3' 'sleep 0.2' 'write a one' 'sleep 0.2' 'write a two' 'sleep 0.2' 'close a'
# A signal ends the wait.
sys 'open a /dev/mailbox r' '& read a 80' 'sleep 0.2' signal wait 'close a'
# As long as somebody has the device open the module cannot leave.
sleep 5 < /dev/mailbox &
sleep 0.5
rmmod mailbox; echo "in use $?"
wait
rmmod mailbox; echo "rmmod $?"
