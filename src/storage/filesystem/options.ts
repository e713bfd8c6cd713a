export interface FilesystemOptions {
  /** The folder that holds `docker/registry/v2`: Distribution's `rootdirectory`. Made when absent. */
  readonly rootDirectory: string
}
