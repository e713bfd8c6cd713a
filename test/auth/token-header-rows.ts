import { idsOf, libtrustId } from '../../src/auth/token/key-ids.ts'
import { issue, toX5c, type Issued } from './token-certificates.ts'
import { encode, makeKeys, secretKey, signInput, signToken, type Content } from './token-keys.ts'
import { good, type Row } from './token-row.ts'

/** What the header of a token can say. */
export async function headerRows(ec: Issued, rsa: Issued): Promise<readonly Row[]> {
  const x5c = toX5c(ec)
  const jwk = ec.keys.publicKey.export({ format: 'jwk' })
  const kid = libtrustId(ec.keys.publicKey)
  const thumbprint = (await idsOf(ec.keys.publicKey)).at(-1)
  const other = makeKeys('p256')
  const sign = (header: Content, { privateKey } = ec.keys): string =>
    signToken(privateKey, { alg: 'ES256', ...header }, good())
  const token = sign({ x5c })
  const [head = '', claims = '', signature = ''] = token.split('.')
  const unencoded = (): string => {
    const encoded = encode({ alg: 'ES256', x5c, crit: ['b64'], b64: false })
    const plain = JSON.stringify(good())
    const signed = signInput(ec.keys.privateKey, 'ES256', `${encoded}.${plain}`)
    return `${encoded}.${encode(plain)}.${signed.toString('base64url')}`
  }
  const twice = (): string => {
    const input = `${encode(`{"alg":"ES256","alg":"ES256","x5c":${JSON.stringify(x5c)}}`)}.${claims}`
    return `${input}.${signInput(ec.keys.privateKey, 'ES256', input).toString('base64url')}`
  }
  const pem = ec.keys.publicKey.export({ type: 'spki', format: 'pem' })
  const rsaPem = rsa.keys.publicKey.export({ type: 'spki', format: 'pem' })
  const tokens: Readonly<Record<string, string>> = {
    'no typ': sign({ x5c }),
    'another typ': sign({ typ: 'at+jwt', x5c }),
    'typ that is no text': sign({ typ: 1, x5c }),
    'no key': sign({}),
    'an empty kid': sign({ kid: '' }),
    'an unknown kid': sign({ kid: 'unknown' }),
    'kid that is no text': sign({ kid: [kid] }),
    'kid __proto__': sign({ kid: '__proto__' }),
    'kid beside x5c': sign({ x5c, kid: 'unknown' }),
    'empty x5c beside kid, libtrust': sign({ x5c: [], kid }),
    'empty x5c beside kid, thumbprint': sign({ x5c: [], kid: thumbprint }),
    'x5c null beside kid, libtrust': sign({ x5c: null, kid }),
    'x5c null beside kid, thumbprint': sign({ x5c: null, kid: thumbprint }),
    'x5c that is no list': sign({ x5c: x5c[0], kid }),
    'x5c in lines': sign({ x5c: x5c.map((one) => one.replaceAll(/.{64}/g, '$&\n')) }),
    'x5c in base64url': sign({ x5c: x5c.map((one) => Buffer.from(one, 'base64').toString('base64url')) }),
    'x5c damaged, beside kid': sign({ x5c: ['AAAA'], kid }),
    'x5c of another key': sign({ x5c: toX5c(rsa) }),
    'x5c self-signed': sign({ x5c: toX5c(issue({ name: 'p256', keys: other })) }, other),
    'jwk of a stranger': sign({ jwk: other.publicKey.export({ format: 'jwk' }) }, other),
    'jwk of a stranger by a trusted kid': sign(
      { jwk: { ...other.publicKey.export({ format: 'jwk' }), kid } },
      other,
    ),
    'jwk of a stranger beside a trusted kid': sign(
      { jwk: other.publicKey.export({ format: 'jwk' }), kid },
      other,
    ),
    'jwk of a stranger with the x5c of a trusted key': sign(
      { jwk: { ...other.publicKey.export({ format: 'jwk' }), x5c } },
      other,
    ),
    'jwk that is no object': sign({ jwk: 'key', kid }),
    'jwk without a type': sign({ jwk: { kid } }),
    'jwk that is private': sign({ jwk: { ...ec.keys.privateKey.export({ format: 'jwk' }), x5c } }),
    'jwk null beside kid, libtrust': sign({ jwk: null, kid }),
    'jwk null beside kid, thumbprint': sign({ jwk: null, kid: thumbprint }),
    'jwk with another kid': sign({ jwk: { ...jwk, kid: 'unknown' } }),
    'URLs of keys': sign({ jku: 'http://127.0.0.1:1/', x5u: 'http://127.0.0.1:1/' }),
    'an extension that must be understood': sign({ x5c, crit: ['exp'], exp: 1 }),
    'no extension that must be understood': sign({ x5c, crit: [] }),
    'extension b64, true': sign({ x5c, crit: ['b64'], b64: true }),
    'extension b64, false': unencoded(),
    'b64 false, not critical': sign({ x5c, b64: false }),
    'alg none': `${encode({ alg: 'none', x5c })}.${claims}.`,
    'alg none with a signature': `${encode({ alg: 'none', x5c })}.${claims}.${signature}`,
    'alg in small letters': sign({ alg: 'es256', x5c }).replace(/\.[^.]*$/, `.${signature}`),
    'no alg': sign({ alg: undefined, x5c }).replace(/\.[^.]*$/, `.${signature}`),
    'HMAC with a public key': signToken(secretKey(String(pem)), { alg: 'HS256', x5c }, good()),
    'HMAC with a public RSA key': signToken(
      secretKey(String(rsaPem)),
      { alg: 'HS256', x5c: toX5c(rsa) },
      good(),
    ),
    'alg of a larger curve': sign({ alg: 'ES384', x5c }),
    'alg of another kind of key': `${encode({ alg: 'RS256', x5c })}.${claims}.${signature}`,
    'alg twice': twice(),
    'signature of another token': `${head}.${claims}.${sign({}).split('.')[2]}`,
    'signature of zeros': `${head}.${claims}.${Buffer.alloc(64).toString('base64url')}`,
    'no signature': `${head}.${claims}.`,
    'two parts': `${head}.${claims}`,
    'four parts': `${token}.${signature}`,
    padding: `${head}.${claims}.${signature}==`,
    'all in one JSON': JSON.stringify({ payload: claims, protected: head, signature }),
  }
  return Object.entries(tokens).map(([name, each]) => ({ name: `header: ${name}`, token: each }))
}
