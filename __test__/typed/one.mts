import { typed } from 'ringcall'

export default typed('(n: int64) => int64', (n) => n)
