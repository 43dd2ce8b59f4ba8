import { createSocket } from 'node:dgram';

/*
 * A port that takes everything in and reads nothing: once its small buffer is full the kernel drops each packet and counts it, at the same cost
 * to the sender as if somebody read.
 */
if (process.send) {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4096 });
  socket.bind(0, '127.0.0.1', () => {
    process.send?.(socket.address().port, undefined, {}, () => process.kill(process.pid, 'SIGSTOP'));
  });
}
