/** The parameters of the Azure driver; see `schema/storage-azure.ts`. */
export interface AzureStorageConfig {
  readonly name: 'azure'
  readonly accountname: string
  readonly container: string
  readonly realm: string
  readonly credentials: AzureCredentialsConfig
  /** A URL; absent: made of the account's name and the realm. */
  readonly serviceurl?: string
  readonly rootdirectory: string
  /** -1 or more: how often it is asked whether a copy has ended. */
  readonly max_retries: number
  /** Milliseconds, before the first time. */
  readonly retry_delay: number
  readonly skipverify: boolean
  readonly useragent?: string
}

export type AzureCredentialsConfig =
  | { readonly type: 'shared_key'; readonly accountkey: string }
  | {
      readonly type: 'client_secret'
      readonly tenantid: string
      readonly clientid: string
      readonly secret: string
    }
  | { readonly type: 'default_credentials' }
