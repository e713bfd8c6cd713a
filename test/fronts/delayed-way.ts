import { startProcess, type BackgroundProcess } from '../support/background-process.ts'
import { http } from '../support/http.ts'
import { freePort } from '../support/free-port.ts'
import { programPath } from '../support/require-program.ts'

/** A way to a server that takes its time, by toxiproxy. */
export interface DelayedWay {
  readonly port: number
  /** Of toxiproxy, which copies every byte and so takes part in the load. */
  readonly pid: number
  stop(): Promise<void>
}

/**
 * @param milliseconds there and back, half of it each way
 * @param serverAddress of loopback
 */
export async function delayedWay(
  serverPort: number,
  milliseconds: number,
  serverAddress: string = '127.0.0.1',
): Promise<DelayedWay> {
  const control = await freePort()
  const port = await freePort()
  const api = `http://127.0.0.1:${control}`
  const daemon: BackgroundProcess = await startProcess(
    programPath('toxiproxy'),
    ['-host', '127.0.0.1', '-port', String(control)],
    { isReady: async () => (await http('GET', `${api}/version`)).status === 200 },
  )
  const post = async (path: string, value: unknown): Promise<void> => {
    const headers = { 'Content-Type': 'application/json' }
    const answer = await http('POST', `${api}${path}`, { headers, body: JSON.stringify(value) })
    if (answer.status >= 300) throw new Error(`toxiproxy: ${answer.status} ${answer.body.toString()}`)
  }
  try {
    await post('/proxies', {
      name: 'server',
      listen: `127.0.0.1:${port}`,
      upstream: `${serverAddress}:${serverPort}`,
      enabled: true,
    })
    for (const stream of ['upstream', 'downstream'])
      await post('/proxies/server/toxics', {
        type: 'latency',
        stream,
        attributes: { latency: milliseconds / 2 },
      })
  } catch (error) {
    await daemon.stop()
    throw error
  }
  return { port, pid: daemon.pid, stop: async () => void (await daemon.stop()) }
}
