/* pt-tokens: how many tokens texts take at most (query/tokens.h). Standard input: texts, each ended by a zero byte; standard
 * output: a number a line. For the tests that hold the bound against real tokenizers. */
#include "base/alloc.h"
#include "query/tokens.h"

#include <stdio.h>

int main(void) {
    pt_buffer text = {0};
    for (int c; (c = getchar()) != EOF;) {
        if (c) {
            pt_buffer_char(&text, (char)c);
            continue;
        }
        printf("%u\n", pt_tokens_bound(text.data ? text.data : "", text.count));
        pt_buffer_clear(&text);
    }
    pt_buffer_free(&text);
    return 0;
}
