import { z } from 'zod'
import type { AuditConfig } from '../audit.ts'
import { optionalText, section, withoutUndefined, type Section } from './values.ts'

export const audit: Section<AuditConfig> = section(
  z
    .object({
      file: optionalText.refine((value) => value?.includes('\0') !== true, {
        error: 'the path of a file, such as /var/log/berth/audit.log',
      }),
    })
    .transform(withoutUndefined),
)
