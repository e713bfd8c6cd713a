import type * as S3Sdk from '@aws-sdk/client-s3'
import type * as Presigner from '@aws-sdk/s3-request-presigner'

export type Sdk = typeof S3Sdk
export type SdkPresigner = typeof Presigner

/**
 * Loads Amazon's SDK, which takes a quarter of a second: only who stores on S3 pays for it.
 *
 * @throws Error saying what to install when it is absent
 */
export async function loadSdk(): Promise<Sdk> {
  // Eight lines on the standard error, in no form of a log: that a later release, which would be another dependency, wants a later Node.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true'
  return import('@aws-sdk/client-s3').catch(missing('@aws-sdk/client-s3'))
}

/** @throws Error saying what to install when it is absent */
export async function loadPresigner(): Promise<SdkPresigner> {
  return import('@aws-sdk/s3-request-presigner').catch(missing('@aws-sdk/s3-request-presigner'))
}

function missing(name: string): (cause: unknown) => never {
  return (cause) => {
    throw new Error(`the storage driver s3 needs the package ${name}: npm install ${name}`, { cause })
  }
}
