//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Handles that the driver gave out. A program may pass anything as a handle;
// what is not in the table is refused.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_DRIVER_HANDLES_H
#define RUNTIME_EMULATOR_DRIVER_HANDLES_H

#include <map>
#include <memory>

namespace emulator::cuda {

/// Objects by the handles of type H (a pointer that nobody follows).
template <class H, class T> class Handles {
public:
  static H of(const T *object) {
    return reinterpret_cast<H>(const_cast<T *>(object));
  }
  H add(std::shared_ptr<T> object) {
    H handle = of(object.get());
    objects_[handle] = std::move(object);
    return handle;
  }
  /// Null for what is no handle.
  std::shared_ptr<T> find(H handle) const {
    auto found = objects_.find(handle);
    return found == objects_.end() ? nullptr : found->second;
  }
  bool remove(H handle) { return objects_.erase(handle) != 0; }
  template <class Condition> void removeIf(Condition condition) {
    for (auto it = objects_.begin(); it != objects_.end();)
      it = condition(*it->second) ? objects_.erase(it) : std::next(it);
  }
  template <class Visit> void forEach(Visit visit) const {
    for (auto &entry : objects_)
      visit(*entry.second);
  }

private:
  std::map<H, std::shared_ptr<T>> objects_;
};

} // namespace emulator::cuda

#endif // RUNTIME_EMULATOR_DRIVER_HANDLES_H
