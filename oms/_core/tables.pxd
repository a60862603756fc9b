# The tables: files or private memory, mapped once, sized by configuration.
from oms._core.index cimport Index
from oms._core.state cimport State


cdef class Mapping:
    cdef char* data
    cdef Py_ssize_t size
    cdef bint writable


cdef class Tables:
    cdef State state
    cdef readonly dict mappings      # table name -> Mapping
    cdef readonly dict capacities    # table name -> rows
    cdef readonly dict working_set   # table name -> rows that have memory from the start
    cdef unsigned long long generation  # in the header of each table
    cdef list scratch                # mappings that hold no table: indexes, outputs, room to work in
    cdef make(self, int number, table, unsigned int rows, directory)
    cdef point(self)
    cdef work(self)
    cdef void* rows(self, int table) noexcept
    cdef void* reserve(self, Py_ssize_t size) except NULL
    cdef build_index(self, Index* index, int table)
