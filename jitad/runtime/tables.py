"""LLVM of loops over the arguments and results of a call from Python."""

from __future__ import annotations

from jitad.runtime.cpython import (
    DATA,
    DIMENSIONS,
    DTYPE,
    EMPTY,
    FLAGS,
    HEADER,
    RANK,
    SCALAR,
    numpy,
    python,
)


def tables() -> str:
    """The functions that read tables of what objects are to be, see runtime/wide.py.

    `check` requires objects to be as they say, and writes for each the data's place, or a number
    itself, into 16 bytes. `make` makes the arrays among the results, and says where the data of
    each result are to be; `pack` makes a tuple of them; `drop_objects` frees
    what was made, `wipe` sets memory to 0.
    """
    return f"""
define i1 @check(ptr %objects, ptr %rows, ptr %sizes, i64 %count, ptr %values) nounwind {{
entry:
  br label %each
each:
  %k = phi i64 [ 0, %entry ], [ %k1, %next ]
  %more = icmp slt i64 %k, %count
  br i1 %more, label %one, label %good
one:
  %row = getelementptr [6 x i64], ptr %rows, i64 %k
  %object_place = getelementptr ptr, ptr %objects, i64 %k
  %object = load ptr, ptr %object_place
  %value = getelementptr [2 x i64], ptr %values, i64 %k
  %kind_place = getelementptr i8, ptr %object, i64 {HEADER - 8}
  %kind = load ptr, ptr %kind_place
  %wanted_kind = load ptr, ptr %row
  %is_kind = icmp eq ptr %kind, %wanted_kind
  br i1 %is_kind, label %typed, label %bad
typed:
  %rank_place = getelementptr i64, ptr %row, i64 2
  %rank = load i64, ptr %rank_place
  %is_number = icmp slt i64 %rank, 0
  br i1 %is_number, label %number, label %array
number:
  %number_place = getelementptr i8, ptr %object, i64 {HEADER}
  %size_place = getelementptr i64, ptr %row, i64 5
  %size = load i64, ptr %size_place
  call void @llvm.memcpy.p0.p0.i64(ptr %value, ptr %number_place, i64 %size, i1 false)
  br label %next
array:
  %own_rank_place = getelementptr i8, ptr %object, i64 {RANK}
  %own_rank_word = load i32, ptr %own_rank_place
  %own_rank = sext i32 %own_rank_word to i64
  %is_rank = icmp eq i64 %own_rank, %rank
  %own_dtype_place = getelementptr i8, ptr %object, i64 {DTYPE}
  %own_dtype = load ptr, ptr %own_dtype_place
  %dtype_place = getelementptr i64, ptr %row, i64 1
  %dtype = load ptr, ptr %dtype_place
  %is_dtype = icmp eq ptr %own_dtype, %dtype
  %own_flags_place = getelementptr i8, ptr %object, i64 {FLAGS}
  %own_flags_word = load i32, ptr %own_flags_place
  %own_flags = zext i32 %own_flags_word to i64
  %flags_place = getelementptr i64, ptr %row, i64 4
  %flags = load i64, ptr %flags_place
  %set = and i64 %own_flags, %flags
  %is_flags = icmp eq i64 %set, %flags
  %is_both = and i1 %is_rank, %is_dtype
  %is_all = and i1 %is_both, %is_flags
  br i1 %is_all, label %shaped, label %bad
shaped:
  %own_sizes_place = getelementptr i8, ptr %object, i64 {DIMENSIONS}
  %own_sizes = load ptr, ptr %own_sizes_place
  %offset_place = getelementptr i64, ptr %row, i64 3
  %offset = load i64, ptr %offset_place
  %row_sizes = getelementptr i8, ptr %sizes, i64 %offset
  br label %axis
axis:
  %a = phi i64 [ 0, %shaped ], [ %a1, %same ]
  %is_axis = icmp slt i64 %a, %rank
  br i1 %is_axis, label %compare, label %data
compare:
  %own_n_place = getelementptr i64, ptr %own_sizes, i64 %a
  %own_n = load i64, ptr %own_n_place
  %n_place = getelementptr i64, ptr %row_sizes, i64 %a
  %n = load i64, ptr %n_place
  %is_same = icmp eq i64 %own_n, %n
  br i1 %is_same, label %same, label %bad
same:
  %a1 = add i64 %a, 1
  br label %axis
data:
  %data_place = getelementptr i8, ptr %object, i64 {DATA}
  %data_pointer = load ptr, ptr %data_place
  store ptr %data_pointer, ptr %value
  br label %next
next:
  %k1 = add i64 %k, 1
  br label %each
good:
  ret i1 true
bad:
  ret i1 false
}}

define i1 @make(ptr %rows, ptr %sizes, i64 %count, ptr %objects, ptr %values, ptr %numbers) {{
entry:
  br label %each
each:
  %k = phi i64 [ 0, %entry ], [ %k1, %next ]
  %more = icmp slt i64 %k, %count
  br i1 %more, label %one, label %good
one:
  %row = getelementptr [6 x i64], ptr %rows, i64 %k
  %object_place = getelementptr ptr, ptr %objects, i64 %k
  %value = getelementptr [2 x i64], ptr %values, i64 %k
  %rank_place = getelementptr i64, ptr %row, i64 2
  %rank = load i64, ptr %rank_place
  %is_number = icmp slt i64 %rank, 0
  br i1 %is_number, label %number, label %array
number:
  %number_place = getelementptr [2 x i64], ptr %numbers, i64 %k
  store ptr null, ptr %object_place
  store ptr %number_place, ptr %value
  br label %next
array:
  %dtype_place = getelementptr i64, ptr %row, i64 1
  %dtype = load ptr, ptr %dtype_place
  call void {python("Py_IncRef")}(ptr %dtype)
  %rank_word = trunc i64 %rank to i32
  %offset_place = getelementptr i64, ptr %row, i64 3
  %offset = load i64, ptr %offset_place
  %row_sizes = getelementptr i8, ptr %sizes, i64 %offset
  %made = call ptr {numpy(EMPTY)}(i32 %rank_word, ptr %row_sizes, ptr %dtype, i32 0)
  %failed = icmp eq ptr %made, null
  br i1 %failed, label %bad, label %keep
keep:
  store ptr %made, ptr %object_place
  %data_place = getelementptr i8, ptr %made, i64 {DATA}
  %data_pointer = load ptr, ptr %data_place
  store ptr %data_pointer, ptr %value
  br label %next
next:
  %k1 = add i64 %k, 1
  br label %each
good:
  ret i1 true
bad:
  ret i1 false
}}

define void @drop_objects(ptr %objects, i64 %count) nounwind {{
entry:
  br label %each
each:
  %k = phi i64 [ 0, %entry ], [ %k1, %one ]
  %more = icmp slt i64 %k, %count
  br i1 %more, label %one, label %done
one:
  %object_place = getelementptr ptr, ptr %objects, i64 %k
  %object = load ptr, ptr %object_place
  call void {python("Py_DecRef")}(ptr %object)
  %k1 = add i64 %k, 1
  br label %each
done:
  ret void
}}

define void @wipe(ptr %memory, i64 %size) nounwind {{
  call void @llvm.memset.p0.i64(ptr %memory, i8 0, i64 %size, i1 false)
  ret void
}}

define ptr @pack(ptr %rows, ptr %sizes, i64 %count, ptr %objects, ptr %values) nounwind {{
entry:
  %tuple = call ptr {python("PyTuple_New")}(i64 %count)
  %none = icmp eq ptr %tuple, null
  br i1 %none, label %done, label %each
each:
  %k = phi i64 [ 0, %entry ], [ %k1, %put ]
  %more = icmp slt i64 %k, %count
  br i1 %more, label %one, label %done
one:
  %object_place = getelementptr ptr, ptr %objects, i64 %k
  %object = load ptr, ptr %object_place
  %is_number = icmp eq ptr %object, null
  br i1 %is_number, label %number, label %put
number:
  %row = getelementptr [6 x i64], ptr %rows, i64 %k
  %dtype_place = getelementptr i64, ptr %row, i64 1
  %dtype = load ptr, ptr %dtype_place
  %value = getelementptr [2 x i64], ptr %values, i64 %k
  %place = load ptr, ptr %value
  %scalar = call ptr {numpy(SCALAR)}(ptr %place, ptr %dtype, ptr null)
  br label %put
put:
  %item = phi ptr [ %object, %one ], [ %scalar, %number ]
  %0 = call i32 {python("PyTuple_SetItem")}(ptr %tuple, i64 %k, ptr %item)
  %k1 = add i64 %k, 1
  br label %each
done:
  ret ptr %tuple
}}
"""
