export interface AuditConfig {
  /** Absent: no audit log. */
  readonly file?: string
}
