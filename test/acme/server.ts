import { connect } from 'node:net'
import { startProcess, type BackgroundProcess } from '../support/background-process.ts'

/** Starts a server, and waits until it listens. What it serves needs a certificate that it does not have yet. */
export async function startServer(
  program: string,
  args: readonly string[],
  port: number,
  env: NodeJS.ProcessEnv,
): Promise<BackgroundProcess> {
  return await startProcess(program, args, { env, isReady: () => isListening(port) })
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
