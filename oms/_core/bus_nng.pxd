# nng's C functions for threads without the GIL. Set-up, options and TLS go through pynng.

from libc.stddef cimport size_t
from libc.stdint cimport uint32_t


cdef extern from "bus_nng.h" nogil:
    enum:
        NNG_EAGAIN
        NNG_FLAG_NONBLOCK

    ctypedef struct nng_socket:
        uint32_t id
    ctypedef struct nng_pipe:
        uint32_t id
    ctypedef struct nng_msg:
        pass
    ctypedef struct nng_aio:
        pass
    ctypedef void (*nng_aio_callback)(void*) noexcept nogil
    ctypedef void (*nng_pipe_callback)(nng_pipe, int, void*) noexcept nogil

    ctypedef struct Nng:
        int (*msg_alloc)(nng_msg**, size_t) noexcept nogil
        void (*msg_free)(nng_msg*) noexcept nogil
        void* (*msg_body)(nng_msg*) noexcept nogil
        size_t (*msg_len)(const nng_msg*) noexcept nogil
        int (*sendmsg)(nng_socket, nng_msg*, int) noexcept nogil
        int (*recvmsg)(nng_socket, nng_msg**, int) noexcept nogil
        void (*recv_aio)(nng_socket, nng_aio*) noexcept nogil
        int (*aio_alloc)(nng_aio**, nng_aio_callback, void*) noexcept nogil
        void (*aio_free)(nng_aio*) noexcept nogil
        void (*aio_wait)(nng_aio*) noexcept nogil
        int (*aio_result)(nng_aio*) noexcept nogil
        nng_msg* (*aio_get_msg)(nng_aio*) noexcept nogil
        int (*pipe_notify)(nng_socket, int, nng_pipe_callback, void*) noexcept nogil
        int (*pipe_close)(nng_pipe) noexcept nogil


cdef Nng nng
