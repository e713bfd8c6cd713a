import type { Socket } from 'node:net'
import type { Challenges } from './challenges.ts'
import { peekClientHello } from './peek.ts'

/** Milliseconds in which a client must have sent its ClientHello, or is taken for no validator. */
const patience = 3_000

/**
 * Looks at a new connection while a tls-alpn-01 challenge is pending, takes validators' connections, and hands on all others, with
 * whatever they have sent. Node's TLS server could not tell them apart: it asks for a certificate without saying which protocols the
 * client offers.
 *
 * @param next called at once when nothing is pending
 */
export function takeValidators(challenges: Challenges, socket: Socket, next: (socket: Socket) => void): void {
  const pending = challenges.isPending()
  if (pending === true) look(challenges, socket, next)
  else if (pending === false) next(socket)
  else void lookIf(pending, challenges, socket, next)
}

async function lookIf(
  pending: Promise<boolean>,
  challenges: Challenges,
  socket: Socket,
  next: (socket: Socket) => void,
): Promise<void> {
  // A connection that breaks meanwhile must not end the process.
  socket.on('error', ignore)
  const isPending = await pending
  socket.off('error', ignore)
  if (socket.destroyed) return
  if (isPending) look(challenges, socket, next)
  else next(socket)
}

function ignore(): void {}

function look(challenges: Challenges, socket: Socket, next: (socket: Socket) => void): void {
  peekClientHello(socket, patience, (hello) => {
    if (hello !== undefined && challenges.isValidator(hello)) challenges.serve(socket)
    else next(socket)
  })
}
