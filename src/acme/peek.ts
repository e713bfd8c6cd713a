import type { Socket } from 'node:net'
import { longestClientHello, parseClientHello, type ClientHello } from './client-hello.ts'

/**
 * Reads what a client says first, and puts all of it back, so that whoever takes the connection next finds it untouched. A client
 * that goes away meanwhile is nobody's business any more: its socket is destroyed, and nothing is called.
 *
 * @param socket nobody else reads
 * @param patience milliseconds to wait for a whole ClientHello
 * @param done called once, at once when what is asked is known; undefined: it is no ClientHello, or did not come in time
 */
export function peekClientHello(
  socket: Socket,
  patience: number,
  done: (hello: ClientHello | undefined) => void,
): void {
  const chunks: Buffer[] = []
  let length = 0
  const timer = setTimeout(() => finish(undefined), patience)

  // A call back, not a promise: between an event and what awaits it, an error could find nobody who listens.
  const finish = (hello: ClientHello | undefined): void => {
    letGo()
    if (length > 0) socket.unshift(Buffer.concat(chunks))
    done(hello)
  }
  const gone = (): void => {
    letGo()
    socket.once('error', () => {})
    socket.destroy()
  }
  const read = (): void => {
    for (;;) {
      const chunk = socket.read() as Buffer | null
      if (chunk === null) return
      chunks.push(chunk)
      length += chunk.length
      const hello = length > longestClientHello ? 'other' : parseClientHello(Buffer.concat(chunks))
      if (hello === 'incomplete') continue
      finish(hello === 'other' ? undefined : hello)
      return
    }
  }
  const letGo = (): void => {
    clearTimeout(timer)
    socket.off('readable', read).off('end', gone).off('close', gone).off('error', gone)
  }
  socket.on('readable', read).on('end', gone).on('close', gone).on('error', gone)
}
