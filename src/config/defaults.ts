/** What is served when there is no configuration file at all: everything beside the working directory. */
export const builtInDefaults: Readonly<Record<string, unknown>> = {
  version: '0.1',
  storage: { filesystem: { rootdirectory: './data' } },
  http: { addr: ':5000', headers: { 'X-Content-Type-Options': ['nosniff'] } },
}
