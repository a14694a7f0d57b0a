import { typed } from 'ringcall'

export const greet = typed('(name: string) => string', (name) => `Hello, ${name}.`)
export function sum(a: number, b: number) { return a + b }
export class Sum {}
export const version = '1'
