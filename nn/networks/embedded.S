// Puts the weights file into the program's read-only data, on page boundaries, so that the system
// maps it from disk when it is first used. GRAMGRAD_VGG16_FILE is its path, from CMake. GNU and LLVM
// assemblers, any 64-bit ELF target.

    .section .rodata.gramgrad_networks, "a", %progbits

    .balign 4096
    .globl gramgrad_vgg16_bytes
    .hidden gramgrad_vgg16_bytes
    .type gramgrad_vgg16_bytes, %object
gramgrad_vgg16_bytes:
    .incbin GRAMGRAD_VGG16_FILE
gramgrad_vgg16_end:
    .size gramgrad_vgg16_bytes, gramgrad_vgg16_end - gramgrad_vgg16_bytes

    .balign 8
    .globl gramgrad_vgg16_size
    .hidden gramgrad_vgg16_size
    .type gramgrad_vgg16_size, %object
gramgrad_vgg16_size:
    .8byte gramgrad_vgg16_end - gramgrad_vgg16_bytes
    .size gramgrad_vgg16_size, 8

    .section .note.GNU-stack, "", %progbits
