/** What docs/configuration.md says before it comes to the keys. */
export const preface: string = `
# Configuration

The whole configuration is one YAML file and, over it, environment variables. File and variables are those of Distribution
(\`registry:2\` and \`registry:3\`), so that one configuration serves both. This text is made from the program's own description of its
keys by \`berth config reference\`; do not edit it.

## The file

It is the one named on the command line; else the one that \`REGISTRY_CONFIGURATION_PATH\` names; else \`/etc/distribution/config.yml\`;
else \`/etc/docker/registry/config.yml\`. Without any, and with \`--defaults\`, the registry listens on port 5000 and stores under \`./data\`.

\`\`\`yaml
# yaml-language-server: $schema=berth.schema.json
version: 0.1
storage:
  filesystem:
    rootdirectory: /var/lib/registry
http:
  addr: :5000
\`\`\`

The first line is for editors that speak to the YAML language server: with the path or URL of
[berth.schema.json](berth.schema.json) (\`berth config schema\` prints it) they complete keys, explain them and mark mistakes.

- **Unknown keys** are ignored with a warning that names the nearest known one, and so are keys that are given twice, of which the last
  counts. Below \`access\` and \`audit\`, which are ours, both are mistakes; so is a misspelt \`access\`, \`auth\` or \`audit\` itself.
- **Flags** are \`true\` and \`false\`, and YAML's other words for them: \`yes\`, \`no\`, \`on\`, \`off\`.
- **Durations** are \`10s\`, \`1h30m\`, \`250ms\`. A number without a unit is nanoseconds, as in Distribution, and gets a warning.
  Time-outs and intervals are rounded up to milliseconds, and are 24 days at most (2³¹ − 1 ms).
- **Text** is taken as written, \`0123\` too. The parameters of storage drivers, access controllers and middlewares have no types
  in Distribution; there YAML decides, and \`0123\` is 83 unless it is quoted.
- **Words** from a list may be written in any letter case.
- A key without a value counts as not set; an empty text is the same as none.
- \`\${…}\` is not expanded.

## Checking and seeing it

\`berth config check\` finds the file as \`berth serve\` does, applies the variables, and prints what is wrong, a line each: file, line and
column or the variable, the key, what was found and what is allowed. It ends with 0 when the configuration is valid, with 1
when not, and with \`--strict\` also when there are warnings. It looks at the configuration alone: not at the certificates, folders and
addresses that it names.

\`berth config print\` prints the configuration that counts, with the source of each value (\`default\`, \`config.yml:3\`, or a
variable) as a comment. Secrets, users of URLs and the values of their queries are replaced by \`***\`. \`--set\` leaves the defaults
out; \`--json\` is for programs.

## Variables

\`REGISTRY_HTTP_ADDR\` sets \`http.addr\`: \`REGISTRY\`, and the keys on the way in upper case, joined by underscores. Each key below names
its variable, for some differ from their key: \`REGISTRY_HEALTH_FILECHECKERS\`, \`REGISTRY_NOTIFICATIONS_EVENTCONFIG\`.

- The value is YAML, and takes the place of what was there, a whole section or list included:
  \`REGISTRY_HTTP_TLS_CLIENTCAS='[/a.pem, /b.pem]'\`, \`REGISTRY_STORAGE_DELETE='{enabled: true}'\`. An empty value unsets.
- Variables count in the order of their names, so that \`REGISTRY_STORAGE=inmemory\` comes before \`REGISTRY_STORAGE_DELETE_ENABLED=true\`.
- What the file lacks is created.
- Items of lists have numbers, from 0 on: \`REGISTRY_NOTIFICATIONS_ENDPOINTS_0_URL\`. The number after the last one appends.
- Keys that anybody may choose (\`http.headers\`, \`log.fields\`) are found in any letter case; new ones are in lower case. A name with an
  underscore cannot be written so: set the whole map.
- A variable that leads nowhere is ignored with a warning. Kubernetes makes such for a service called \`registry\`
  (\`REGISTRY_PORT\`, \`REGISTRY_SERVICE_HOST\`), and for \`registry-storage\` and \`registry-auth\`. Others below \`access\` and
  \`audit\`, and those that misspell them or \`auth\`, are mistakes.

## Loading it again

SIGHUP, or a POST to \`/debug/reload\` of the debug listener, loads the file again, all or nothing: when anything is wrong, what was there
stays and the log says why. A pipe cannot be read again. What changed counts at once, but for the keys marked _restart_, which the
log names. The variables are those that the process was started with. Certificates, keys and authorities are read again whenever
their files change, without being told.

## Differences from Distribution

Both versions' keys are understood at the same time, those that only version 2 has and those of version 3. What differs:

- Mistakes are refused in one line each, all of them at once. Distribution panics, or takes a wrong value for another: there, an
  \`enabled\` of \`storage.delete\` that is not a flag counts as \`false\`.
- Unknown keys are not passed over in silence.
- \`http.draintimeout\` is 8 s unless set. Distribution cuts requests off at once.
- \`http.tls.key\` without \`certificate\`, and Let's Encrypt's \`email\` or \`hosts\` without \`cachefile\`, are refused. Distribution serves without TLS then.
- \`storage.maintenance.uploadpurging\` may have any of its keys; Distribution wants all four.
- \`middleware\`'s \`disabled\` and the \`threshold\` of \`health.file\` have their effect.
- \`http.secret\` is not needed for uploads: see [\`http\`](#http).
- What is not available in this version is marked below. If that changes what the registry does or protects, the start is refused; else there
  is a warning.

Variables go where their names lead also where Distribution does not follow:

- Into parameters. \`REGISTRY_STORAGE_MAINTENANCE_READONLY_ENABLED=true\` crashes Distribution when the file has no such section, and is
  ignored when it has.
- To items of lists of text. \`REGISTRY_HTTP_TLS_CLIENTCAS_0=/a.pem\` adds an empty item in version 3; version 2 follows no number at all.
- To headers and fields that the file spells with capitals: \`REGISTRY_HTTP_HEADERS_X-FRAME-OPTIONS\` replaces \`X-Frame-Options\`; in
  Distribution it stands beside it, and chance decides.
- To keys with an underscore: \`REGISTRY_STORAGE_AZURE_MAX_RETRIES\`.
- To items of lists by their numbers, as in version 3. Version 2 ignores such variables, wrong ones too; here a number that is none, or beyond
  the end of the list, is refused, as in version 3.
- What Kubernetes makes of services called \`registry-storage\` and \`registry-auth\` is ignored; Distribution takes \`PORT\` for a driver.
- \`REGISTRY_VERSION\` has no effect. It can crash version 2 and stop version 3.
- A number like \`0o17\` is text, as YAML 1.1 has it. In Distribution it is 15.
`
