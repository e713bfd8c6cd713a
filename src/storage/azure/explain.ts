import { isPassing } from '../object-store/retrying.ts'
import { lineOf } from '../store-problem.ts'
import { serviceUrlOf } from './client.ts'
import { AzureFailure, type AzureProblem } from './errors.ts'
import type { AzureOptions } from './options.ts'

/** What the self test tries. */
export type AzureRight = 'list' | 'write' | 'read' | 'delete' | 'sign'

/** Milliseconds: Azure refuses signatures of another time. */
const tolerance = 15 * 60_000

/**
 * What is wrong with a store, and what to do: one line.
 *
 * @param offset milliseconds by which the store's clock is before ours
 */
export function explain(error: unknown, right: AzureRight, options: AzureOptions, offset: number): string {
  if (!(error instanceof AzureFailure)) return lineOf(error)
  const { problem } = error
  const place = placeOf(options)
  return (
    withoutToken(problem, options) ??
    unreachable(problem, place) ??
    wrongPlace(problem, place, options) ??
    refused(problem, place, right, options, offset) ??
    lineOf(error)
  )
}

/** That the clocks differ too much, in minutes. */
export function explainClock(offset: number): string {
  const minutes = Math.round(Math.abs(offset) / 60_000)
  const way = offset > 0 ? 'behind' : 'ahead of'
  return `the clock of this machine is ${minutes} minutes ${way} that of the Azure store: set the clock (NTP)`
}

const tokenFailures: ReadonlySet<string> = new Set([
  'AggregateAuthenticationError',
  'AuthenticationError',
  'AuthenticationRequiredError',
  'CredentialUnavailableError',
])
const untrusted = /CERT|ALTNAME|VERIFY|SELF_SIGNED/

/** A request that got no answer, and gets none until somebody corrects something. */
function isForSomebody({ code, status }: AzureProblem): boolean {
  return status === undefined && (untrusted.test(code) || tokenFailures.has(code) || code === 'EPROTO')
}

function withoutToken({ code, message }: AzureProblem, { credentials }: AzureOptions): string | undefined {
  if (!tokenFailures.has(code)) return undefined
  if (credentials.kind === 'client-secret')
    return `Microsoft Entra gives no token: correct credentials.tenantid, credentials.clientid or credentials.secret (${message})`
  return `there are no credentials for the Azure store: give the machine an identity, set the variables AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_CLIENT_SECRET, or set credentials.type (${message})`
}

function unreachable({ code, status, message }: AzureProblem, place: string): string | undefined {
  if (status !== undefined) return undefined
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return `the Azure store's name is not known (${place}): correct accountname, realm or serviceurl, or the DNS`
  if (code === 'ECONNREFUSED')
    return `nothing listens where the Azure store should be (${place}): start it, or correct serviceurl`
  if (untrusted.test(code))
    return `the certificate of the Azure store is not trusted (${place}, ${code}): set NODE_EXTRA_CA_CERTS to its authority's file, or skipverify: true`
  if (code === 'EPROTO' || /wrong version number/i.test(message))
    return `the Azure store speaks no TLS (${place}): set http:// in serviceurl`
  return `the Azure store cannot be reached (${place}): ${code}: ${message}`
}

function wrongPlace(
  { code, status }: AzureProblem,
  place: string,
  { container, accountName }: AzureOptions,
): string | undefined {
  if (code === 'ContainerNotFound')
    return `there is no container ${container} in the Azure store (${place}): create it, or correct container`
  if (code === 'ContainerBeingDeleted')
    return `the container ${container} is being deleted (${place}): wait, and create it anew`
  if (code === 'AccountIsDisabled')
    return `the storage account ${accountName} is disabled: enable it in Azure, or correct accountname`
  const isNowhere = code === 'InvalidUri' || code === 'ResourceNotFound' || code === 'OutOfRangeInput'
  if (isNowhere || (status === 400 && code === 'InvalidResourceName'))
    return `the Azure store knows no such account or container (${place}): correct accountname, container or serviceurl`
  return undefined
}

/** What takes roles instead of the account's key. */
const roles: Readonly<Record<AzureRight, string>> = {
  list: 'Storage Blob Data Reader',
  read: 'Storage Blob Data Reader',
  write: 'Storage Blob Data Contributor',
  delete: 'Storage Blob Data Contributor',
  sign: 'Storage Blob Delegator',
}

function refused(
  { code, status, message }: AzureProblem,
  place: string,
  right: AzureRight,
  { credentials, accountName }: AzureOptions,
  offset: number,
): string | undefined {
  if (code.startsWith('BlobImmutableDueTo'))
    return `a policy or legal hold of the container keeps blobs from being ${right === 'delete' ? 'deleted' : 'replaced'} (${place}): remove it`
  if (status !== 401 && status !== 403) return undefined
  if (code === 'KeyBasedAuthenticationNotPermitted')
    return `the storage account takes no account keys (${place}): set credentials.type to default_credentials or client_secret, or allow keys`
  // Azurite says the same of a wrong key.
  const isKeptOut = code === 'AuthorizationFailure' && !/authenticate/i.test(message)
  if (isKeptOut || code === 'PublicAccessNotPermitted')
    return `the network rules of the storage account, or its settings, keep this machine out (${place}): let its address or network in`
  if (Math.abs(offset) > tolerance) return explainClock(offset)
  if (credentials.kind !== 'shared-key')
    return `the Azure store does not let this identity ${right} (${place}, ${code}): give it the role ${roles[right]} on the container or account${right === 'sign' ? ', or set storage.redirect.disable' : ''}`
  if (
    status === 401 ||
    ['AuthenticationFailed', 'AuthorizationFailure', 'InvalidAuthenticationInfo'].includes(code)
  )
    return `the account key is not that of ${accountName} (${place}): correct accountname or accountkey`
  return `the Azure store does not let this key ${right} (${place}): ${code}: ${message}`
}

/** Where the container is, without anything secret: an address may hold a signature. */
function placeOf(options: AzureOptions): string {
  const url = serviceUrlOf(options)
  const host = URL.canParse(url) ? new URL(url).host : 'no address'
  return `${host}, container ${options.container}`
}

/** Whether a store that failed so may be well again without anybody's help. */
export function mayPass(error: unknown): boolean {
  return error instanceof AzureFailure && isPassing(error.problem) && !isForSomebody(error.problem)
}
