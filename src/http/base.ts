import type { Exchange } from './exchange.ts'

const empty: Uint8Array = Buffer.from('{}')

/** `/v2/`: this is a registry of the second version, and the client may use it. */
export async function answerBase(exchange: Exchange): Promise<void> {
  await exchange.send(200, { 'Content-Type': 'application/json' }, empty)
}

/** `/`: for simple load balancers, which take any 200 for health. */
export async function answerRoot(exchange: Exchange): Promise<void> {
  await exchange.send(200, { 'Cache-Control': 'no-cache' })
}
