/* The all-reduce measurement of `temper doctor --mpi` in C: median time of single calls, each after a barrier.
   Build: mpicc -O2 all_reduce.c -o all_reduce */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(int length, int times) {
    float *values = calloc(length, sizeof *values);
    double *seconds = calloc(times, sizeof *seconds);
    for (int i = -3; i < times; i++) {
        MPI_Barrier(MPI_COMM_WORLD);
        double start = MPI_Wtime();
        MPI_Allreduce(MPI_IN_PLACE, values, length, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
        seconds[i < 0 ? 0 : i] = MPI_Wtime() - start;
    }
    qsort(seconds, times, sizeof *seconds, ascending);
    double result = seconds[times / 2];
    free(values);
    free(seconds);
    return result;
}

int main(int argc, char **argv) {
    int rank;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    double small = median(1 << 10, 100), large = median(1 << 20, 10);
    if (rank == 0) printf("C: all-reduce of 4 KB %.1f us, of 4 MB %.3f ms\n", small * 1e6, large * 1e3);
    MPI_Finalize();
    return 0;
}
