import type { z } from 'zod'
import type { WorkersConfig } from '../workers.ts'
import { refuse, text } from './values.ts'

const most = 256

/** What counts without it. Why: docs/architecture.md, "Several processes". */
const fallback: WorkersConfig = 1

/** Text, for a word or a number may stand there; an empty one is the same as none. */
export const workers: z.ZodDefault<z.ZodType<WorkersConfig, string>> = text
  .transform((value, context): WorkersConfig => {
    if (value === '') return fallback
    if (value.toLowerCase() === 'auto') return 'auto'
    const count = /^\d{1,3}$/.test(value) ? Number(value) : 0
    if (count < 1 || count > most) refuse(context, `auto, or a number from 1 to ${most}`)
    return count
  })
  .default(fallback)
