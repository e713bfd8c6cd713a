import { connect } from 'node:net'

/** Whether somebody listens at HOST:PORT, or at the path of a socket. */
export async function connects(at: string): Promise<boolean> {
  const [host = '', port] = at.split(':')
  const target = at.startsWith('/') ? { path: at } : { host, port: Number(port) }
  return await new Promise((resolve) => {
    const socket = connect(target)
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
