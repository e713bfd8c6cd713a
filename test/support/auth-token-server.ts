import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Cleaner } from './at-exit.ts'
import { createSigner, lifetime, type Flaw, type Grant } from './auth-token-signer.ts'
import { freePort } from './free-port.ts'
import { temporaryFolder } from './temporary-folder.ts'

/**
 * A token server that is not Berth's own code: it knows nothing of `src/`, and speaks what Distribution's "Token
 * Authentication Specification" and "OAuth2 Token Authentication" say. What is wrong with its tokens can be chosen.
 */

export interface TokenServerOptions {
  readonly issuer: string
  readonly service: string
  /** Passwords by user. */
  readonly users: Readonly<Record<string, string>>
  /** The actions of this resource that somebody may do; nobody is `undefined`. Only those that are asked for are granted. */
  readonly rights: (user: string | undefined, type: string, name: string) => readonly string[]
  /** How a token names its key. Default: `x5c`, its certificate. */
  readonly key?: 'x5c' | 'kid'
  /** Whether it speaks OAuth2 (POST), and gives refresh tokens to who asks for one. Default: no, 405. */
  readonly oauth2?: boolean
}

/** What a client asked for, and got. */
export interface TokenRequest {
  readonly method: string
  /** Of a POST. */
  readonly grantType?: string
  /** As proven by its credentials. */
  readonly user?: string
  readonly service: string
  readonly clientId?: string
  readonly offline: boolean
  /** As asked, one by one. */
  readonly scopes: readonly string[]
  readonly granted: readonly string[]
  readonly status: number
}

export interface TokenServer {
  /** Of `auth.token` in a registry's configuration, whole. */
  readonly settings: Readonly<Record<string, unknown>>
  /** So far. A test may empty it. */
  readonly requests: TokenRequest[]
  /** What is wrong with the tokens from now on. */
  flaw: Flaw | undefined
}

/** Starts it on loopback. It needs `openssl`, for its certificate. */
export async function startTokenServer(options: TokenServerOptions, test: Cleaner): Promise<TokenServer> {
  const folder = temporaryFolder(test).path
  const signer = await createSigner(folder, options)
  const port = await freePort()
  const refreshTokens = new Map<string, string>()
  const state: TokenServer = {
    settings: {
      realm: `http://127.0.0.1:${port}/token`,
      service: options.service,
      issuer: options.issuer,
      ...signer.settings,
    },
    requests: [],
    flaw: undefined,
  }

  const answer = async (request: IncomingMessage): Promise<{ status: number; body: object }> => {
    const asked = await readRequest(request)
    if (asked === undefined || (asked.method === 'POST' && options.oauth2 !== true))
      return { status: 405, body: {} }
    const { user, refused } = identify(asked, options.users, refreshTokens)
    const log = (status: number, granted: readonly Grant[]): void => {
      const { method, grantType, service, clientId, offline, scopes } = asked
      state.requests.push({
        method,
        ...(grantType !== undefined && { grantType }),
        ...(user !== undefined && { user }),
        service,
        ...(clientId !== undefined && { clientId }),
        offline,
        scopes,
        granted: granted.map(({ type, name, actions }) => `${type}:${name}:${actions.join(',')}`),
        status,
      })
    }
    if (refused) {
      log(401, [])
      return { status: 401, body: { details: 'incorrect username or password' } }
    }
    const access = asked.scopes.flatMap((scope) => grant(scope, user, options.rights))
    log(200, access)
    const token = await signer.sign({ user, access, flaw: state.flaw })
    const wantsRefresh = options.oauth2 === true && asked.offline && user !== undefined
    const refreshToken = randomBytes(16).toString('base64url')
    if (wantsRefresh) refreshTokens.set(refreshToken, user)
    return {
      status: 200,
      body: {
        ...(asked.method === 'GET' && { token }),
        access_token: token,
        expires_in: lifetime,
        issued_at: new Date().toISOString(),
        ...(wantsRefresh && { refresh_token: refreshToken }),
        ...(asked.grantType === 'refresh_token' && { refresh_token: asked.refreshToken }),
      },
    }
  }

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      const { status, body } = await answer(request)
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
    } catch (error) {
      response.writeHead(500).end(String(error))
    }
  }
  const server = createServer((request, response) => void serve(request, response))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  server.unref()
  test.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return state
}

interface Asked {
  readonly method: 'GET' | 'POST'
  readonly grantType?: string
  readonly credentials?: { readonly user: string; readonly password: string }
  readonly refreshToken?: string
  readonly service: string
  readonly clientId?: string
  readonly offline: boolean
  readonly scopes: readonly string[]
}

/** Undefined for what is neither of the two forms. */
async function readRequest(request: IncomingMessage): Promise<Asked | undefined> {
  const query = new URL(request.url ?? '', 'http://localhost').searchParams
  if (request.method === 'GET') {
    const [scheme, value = ''] = (request.headers.authorization ?? '').split(' ')
    const [user, ...rest] = Buffer.from(value, 'base64').toString().split(':')
    return {
      method: 'GET',
      ...(scheme?.toLowerCase() === 'basic' && {
        credentials: { user: user ?? '', password: rest.join(':') },
      }),
      ...common(query),
      offline: query.get('offline_token') === 'true',
    }
  }
  if (request.method !== 'POST') return undefined
  let body = ''
  for await (const chunk of request) body += String(chunk)
  const form = new URLSearchParams(body)
  const grantType = form.get('grant_type') ?? ''
  return {
    method: 'POST',
    grantType,
    ...(grantType === 'password' && {
      credentials: { user: form.get('username') ?? '', password: form.get('password') ?? '' },
    }),
    refreshToken: form.get('refresh_token') ?? '',
    ...common(form),
    offline: form.get('access_type') === 'offline',
  }
}

function common(values: URLSearchParams): Pick<Asked, 'service' | 'clientId' | 'scopes'> {
  const clientId = values.get('client_id')
  return {
    service: values.get('service') ?? '',
    ...(clientId !== null && { clientId }),
    scopes: values
      .getAll('scope')
      .flatMap((value) => value.split(' '))
      .filter((value) => value !== ''),
  }
}

function identify(
  asked: Asked,
  users: Readonly<Record<string, string>>,
  refreshTokens: ReadonlyMap<string, string>,
): { readonly user: string | undefined; readonly refused: boolean } {
  if (asked.grantType === 'refresh_token') {
    const user = refreshTokens.get(asked.refreshToken ?? '')
    return { user, refused: user === undefined }
  }
  const { credentials } = asked
  if (credentials === undefined) return { user: undefined, refused: asked.method === 'POST' }
  const isRight = users[credentials.user] === credentials.password
  return { user: isRight ? credentials.user : undefined, refused: !isRight }
}

function grant(scope: string, user: string | undefined, rights: TokenServerOptions['rights']): Grant[] {
  const first = scope.indexOf(':')
  const last = scope.lastIndexOf(':')
  const [type, name] = [scope.slice(0, first), scope.slice(first + 1, last)]
  const allowed = rights(user, type, name)
  const actions = scope
    .slice(last + 1)
    .split(',')
    .filter((action) => allowed.includes(action))
  return actions.length === 0 ? [] : [{ type, name, actions }]
}
