/** How many processes serve: a number, or as many as the machine has processors for us. */
export type WorkersConfig = number | 'auto'
