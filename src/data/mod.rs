//! Image data sets: built-in, MNIST, CIFAR-10, class folders.
