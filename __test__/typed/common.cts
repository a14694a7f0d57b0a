export = { half: (n: number) => n / 2 }
