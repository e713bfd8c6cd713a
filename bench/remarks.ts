/** What holds back a figure that falls short of its bar, by the bar's id. */
export const remarks: Readonly<Record<string, string>> = {}
