import type { AzureStorageConfig } from '../../config/storage-azure.ts'
import { withoutUndefined } from '../../config/schema/values.ts'
import type { OptionsOf } from '../../storage/create-driver.ts'
import type { DriverSurroundings } from './surroundings.ts'

/** What the configuration says, in the words of the driver. */
export function azureOptions(
  config: AzureStorageConfig,
  { log, userAgent, variables }: DriverSurroundings,
): OptionsOf<'azure'> {
  const authorityHost = variables['AZURE_AUTHORITY_HOST']
  return withoutUndefined({
    kind: 'azure' as const,
    accountName: config.accountname,
    container: config.container,
    credentials: credentialsOf(config),
    realm: config.realm,
    serviceUrl: config.serviceurl,
    rootDirectory: config.rootdirectory,
    skipVerify: config.skipverify,
    authorityHost: authorityHost === '' ? undefined : authorityHost,
    copyPolls: config.max_retries,
    copyPollDelay: config.retry_delay,
    userAgent: config.useragent ?? userAgent,
    log,
  })
}

function credentialsOf({ credentials }: AzureStorageConfig): OptionsOf<'azure'>['credentials'] {
  if (credentials.type === 'default_credentials') return { kind: 'default' }
  if (credentials.type === 'shared_key') return { kind: 'shared-key', key: credentials.accountkey }
  const { tenantid, clientid, secret } = credentials
  return { kind: 'client-secret', tenantId: tenantid, clientId: clientid, secret }
}
