/** The grammar names operators by number; these are the ones that this package reads. Any other is not understood. */
import type { Redirection } from './syntax-tree.ts';

export const redirectionOperators: Readonly<Record<number, Redirection['operator']>> = {
  54: '>',
  55: '>>',
  56: '<',
  57: '<>',
  58: '<&',
  59: '>&',
  60: '>|',
  61: '<<',
  62: '<<-',
  63: '<<<',
  64: '&>',
  65: '&>>',
};

export const binaryOperators: Readonly<Record<number, '&&' | '||' | '|' | '|&'>> = {
  10: '&&',
  11: '||',
  12: '|',
  13: '|&',
};

export const expansionOperators: Readonly<Record<number, string>> = {
  68: '+',
  69: ':+',
  70: '-',
  71: ':-',
  72: '?',
  73: ':?',
  74: '=',
  75: ':=',
  76: '%',
  77: '%%',
  78: '#',
  79: '##',
  80: '^',
  81: '^^',
  82: ',',
  83: ',,',
  84: '@',
};

/** Of `[[ … ]]`: those whose meaning matters; all others compare texts or look at a file. */
export const testOperators: Readonly<Record<number, string>> = {
  10: '&&',
  11: '||',
  34: '!',
  40: '==',
  41: '!=',
  54: '>',
  56: '<',
  74: '=',
  110: '-v',
  111: '-R',
  112: '=~',
  113: '-nt',
  114: '-ot',
  115: '-ef',
  116: '-eq',
  117: '-ne',
  118: '-le',
  119: '-ge',
  120: '-lt',
  121: '-gt',
};

/** Process substitution: the side that the process is on. */
export const processDirections: Readonly<Record<number, 'in' | 'out'>> = { 66: 'in', 67: 'out' };

export const globOperators: Readonly<Record<number, string>> = { 122: '?', 123: '*', 124: '+', 125: '@', 126: '!' };
