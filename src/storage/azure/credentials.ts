import { before } from '../object-store/before.ts'
import type {
  BlobServiceClient,
  HttpAuthorization,
  SASQueryParameters,
  StorageSharedKeyCredential,
  UserDelegationKey,
} from '@azure/storage-blob'
import type { TokenCredential } from '@azure/identity'
import type { AzureOptions } from './options.ts'
import type { Requests } from './requests.ts'
import { loadIdentity, type Sdk } from './sdk.ts'

const late = 'the token did not come in time'

/** What a signature lets whoever has it read, and until when by the store's clock. */
export interface Grant {
  readonly container: string
  readonly blob: string
  readonly until: Date
  readonly overTls: boolean
}

/** How a credential signs URLs and vouches for the source of a copy. */
export interface Access {
  /** @throws AzureFailure when the store gives no key to sign with */
  sign(grant: Grant): Promise<SASQueryParameters>
  /** How the store is let in to a source that is asked for by its URL; undefined: by `sign`. */
  bearer(): Promise<HttpAuthorization | undefined>
}

export type Credential = StorageSharedKeyCredential | TokenCredential

/** What Azure wants of a token for storage, in all its clouds. */
const scope = 'https://storage.azure.com/.default'

/** @throws Error when the SDK is not installed, or takes no such credentials */
export async function credentialOf(
  sdk: Sdk,
  { accountName, credentials, authorityHost }: AzureOptions,
): Promise<Credential> {
  if (credentials.kind === 'shared-key')
    return new sdk.StorageSharedKeyCredential(accountName, credentials.key)
  const identity = await loadIdentity()
  // Of another authority Microsoft's public one knows nothing, and need not be reachable.
  const settings = authorityHost === undefined ? {} : { authorityHost, disableInstanceDiscovery: true }
  if (credentials.kind === 'default') return new identity.DefaultAzureCredential(settings)
  const { tenantId, clientId, secret } = credentials
  return new identity.ClientSecretCredential(tenantId, clientId, secret, settings)
}

export function accessBy(
  sdk: Sdk,
  credential: Credential,
  service: BlobServiceClient,
  requests: Requests,
): Access {
  return credential instanceof sdk.StorageSharedKeyCredential
    ? new KeyAccess(sdk, credential)
    : new TokenAccess(sdk, credential, service, requests)
}

/** The account's key signs, without asking anybody. */
class KeyAccess implements Access {
  readonly #sdk: Sdk
  readonly #credential: StorageSharedKeyCredential

  constructor(sdk: Sdk, credential: StorageSharedKeyCredential) {
    this.#sdk = sdk
    this.#credential = credential
  }

  async sign(grant: Grant): Promise<SASQueryParameters> {
    return this.#sdk.generateBlobSASQueryParameters(valuesOf(this.#sdk, grant), this.#credential)
  }

  async bearer(): Promise<undefined> {
    return undefined
  }
}

/** Milliseconds for which Azure is asked for a key; it allows seven days. */
const keyLife = 24 * 3_600_000
/** A key that ends sooner after what it signs is renewed. */
const keyReserve = 3_600_000

/** Signs with a key that the store gives to whom the token names: a user delegation key. */
class TokenAccess implements Access {
  readonly #sdk: Sdk
  readonly #credential: TokenCredential
  readonly #service: BlobServiceClient
  readonly #requests: Requests
  #key: Promise<UserDelegationKey> | undefined

  constructor(sdk: Sdk, credential: TokenCredential, service: BlobServiceClient, requests: Requests) {
    this.#sdk = sdk
    this.#credential = credential
    this.#service = service
    this.#requests = requests
  }

  async sign(grant: Grant): Promise<SASQueryParameters> {
    const needed = grant.until.getTime()
    let key = await this.#key?.catch(() => undefined)
    if (key === undefined || key.signedExpiresOn.getTime() < needed + keyReserve) {
      const asked = this.#ask(needed)
      this.#key = asked
      key = await asked
    }
    return this.#sdk.generateBlobSASQueryParameters(
      valuesOf(this.#sdk, grant),
      key,
      this.#service.accountName,
    )
  }

  async bearer(): Promise<HttpAuthorization> {
    const value = await this.#requests.send('token', '', ({ signal }) =>
      before(signal, this.#credential.getToken(scope, { abortSignal: signal }), late),
    )
    return { scheme: 'Bearer', value: value?.token ?? '' }
  }

  /** @param needed the time until which it must be good */
  async #ask(needed: number): Promise<UserDelegationKey> {
    return this.#requests.send('Get User Delegation Key', '', ({ signal }) => {
      const now = Date.now() + this.#requests.clockOffset
      const end = new Date(Math.max(now + keyLife, needed + 2 * keyReserve))
      return before(
        signal,
        this.#service.getUserDelegationKey(new Date(now), end, { abortSignal: signal }),
        late,
      )
    })
  }
}

function valuesOf(
  sdk: Sdk,
  { container, blob, until, overTls }: Grant,
): Parameters<Sdk['generateBlobSASQueryParameters']>[0] {
  return {
    containerName: container,
    blobName: blob,
    permissions: sdk.BlobSASPermissions.parse('r'),
    expiresOn: until,
    ...(overTls && { protocol: sdk.SASProtocol.Https }),
  }
}
