import type { TokenService } from '../auth/gate.ts'
import { askingOf } from './authorization.ts'
import type { Exchange } from './exchange.ts'

/** Gives a token to whoever asks, for what he may do of what he asks for. */
export async function getToken(exchange: Exchange, tokens: TokenService): Promise<void> {
  const answer = await tokens.answer(askingOf(exchange), exchange.query)
  await exchange.sendJson(200, answer, { 'Cache-Control': 'no-store' })
}
