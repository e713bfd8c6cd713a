/** Distribution's words. Those that ask for bodies or signatures tell of requests as `debug` does: both hold what no log may. */
export type S3LogLevel =
  | 'off'
  | 'debug'
  | 'debugwithsigning'
  | 'debugwithhttpbody'
  | 'debugwithrequestretries'
  | 'debugwithrequesterrors'
  | 'debugwitheventstreambody'
