/** Who is in which group. */
export interface GroupMembers {
  has(group: string, user: string): boolean
}
