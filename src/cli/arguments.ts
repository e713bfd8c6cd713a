// How the commands that read the configuration are told which one.

export const fileArgument: readonly [string, string] = [
  '[file]',
  "configuration file; else REGISTRY_CONFIGURATION_PATH, the image's file, or built-in defaults",
]

export const defaultsOption: readonly [string, string] = [
  '--defaults',
  'look for no file where the images have theirs',
]
