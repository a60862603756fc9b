/* nng's own C functions, reached by the addresses that cffi gives: pynng ships the library without its headers. */
#ifndef OMS_BUS_NNG_H
#define OMS_BUS_NNG_H

#include <stddef.h>
#include <stdint.h>

enum { NNG_EAGAIN = 8, NNG_FLAG_NONBLOCK = 2 };  /* checked against the library when it is loaded */

typedef struct { uint32_t id; } nng_socket;
typedef struct { uint32_t id; } nng_pipe;
typedef struct nng_msg nng_msg;
typedef struct nng_aio nng_aio;
typedef void (*nng_aio_callback)(void *);
typedef void (*nng_pipe_callback)(nng_pipe, int event, void *);

typedef struct Nng {
    int (*msg_alloc)(nng_msg **, size_t);
    void (*msg_free)(nng_msg *);
    void *(*msg_body)(nng_msg *);
    size_t (*msg_len)(const nng_msg *);
    int (*sendmsg)(nng_socket, nng_msg *, int flags);
    int (*recvmsg)(nng_socket, nng_msg **, int flags);
    void (*recv_aio)(nng_socket, nng_aio *);
    int (*aio_alloc)(nng_aio **, nng_aio_callback, void *);
    void (*aio_free)(nng_aio *);
    void (*aio_wait)(nng_aio *);
    int (*aio_result)(nng_aio *);
    nng_msg *(*aio_get_msg)(nng_aio *);
    int (*pipe_notify)(nng_socket, int event, nng_pipe_callback, void *);
    int (*pipe_close)(nng_pipe);
} Nng;

#endif
