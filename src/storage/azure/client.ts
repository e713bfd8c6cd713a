import type { BlobServiceClient, StoragePipelineOptions } from '@azure/storage-blob'
import type { Credential } from './credentials.ts'
import type { AzureOptions } from './options.ts'
import type { Sdk } from './sdk.ts'

/** The SDK hands on to its pipeline what its types do not name. */
interface PipelineSettings extends StoragePipelineOptions {
  readonly tlsOptions?: { readonly rejectUnauthorized: boolean }
}

/** The SDK's client: it signs, sends once and parses. Trying again and deadlines are ours, see `requests.ts`. */
export function createClient(
  sdk: Sdk,
  credential: Credential,
  options: Pick<AzureOptions, 'accountName' | 'realm' | 'serviceUrl' | 'skipVerify' | 'userAgent'>,
): BlobServiceClient {
  const settings: PipelineSettings = {
    retryOptions: { maxTries: 1 },
    ...(options.userAgent !== undefined && { userAgentOptions: { userAgentPrefix: options.userAgent } }),
    ...(options.skipVerify === true && { tlsOptions: { rejectUnauthorized: false } }),
  }
  return new sdk.BlobServiceClient(serviceUrlOf(options), sdk.newPipeline(credential, settings))
}

const defaultRealm = 'core.windows.net'

/** Where the account is. */
export function serviceUrlOf({
  accountName,
  realm = defaultRealm,
  serviceUrl,
}: Pick<AzureOptions, 'accountName' | 'realm' | 'serviceUrl'>): string {
  if (serviceUrl === undefined || serviceUrl === '') return `https://${accountName}.blob.${realm}`
  return serviceUrl.replace(/\/+$/, '')
}
